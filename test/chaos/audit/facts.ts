import type { Status } from '../../../src/domain/status.ts'
import type { SubmitFate } from '../../../src/simulator/behaviour.ts'
import type { PlantedRecord } from '../faults/fault.ts'
import type { LogEntry } from '../load/acceptance-log.ts'
import type { ReceivedWebhook } from '../load/webhook-sink.ts'

/** A row of `messages`. */
export interface StoredMessage {
  readonly smsId: number
  readonly customerId: string
  readonly phone: string
  readonly key: string | null
  readonly cost: number
  readonly segments: number
}

/** A row of `message_states`. */
export interface StoredState {
  readonly smsId: number
  readonly status: Status
  readonly possibleDuplicate: boolean
  readonly timeline: readonly Status[]
}

/** A part that an attempt made, of `attempts` and `attempt_parts`. */
export interface StoredAttempt {
  readonly smsId: number
  readonly attempt: number
  readonly part: number
  readonly outcome: string | null
  readonly possibleDuplicate: boolean
}

/** A row of `ledger`. */
export interface BookEntry {
  readonly ref: number
  readonly kind: 'top-up' | 'reserve' | 'capture' | 'release'
  readonly customerId: string
  readonly balance: number
  readonly reserved: number
}

export interface Balance {
  readonly customerId: string
  readonly balance: number
  readonly reserved: number
}

/** A record of a topic; `event` is its value if that is JSON. */
export interface TopicRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly eventId: string | null
  readonly valueSha256: string | null
  readonly event: Readonly<Record<string, unknown>> | null
}

/** A line of the simulator's ledger about the submit of a part, in the order of the ledger. */
export interface Submit {
  /** `<message>.<attempt>` */
  readonly ref: string
  readonly part: number
  readonly parts: number
  readonly phone: string
  /** Of the part. */
  readonly textSha256: string
  readonly result: SubmitFate
}

/** What ClickHouse has. */
export interface AnalyticsFacts {
  readonly accepted: readonly number[]
  readonly finals: ReadonlyMap<number, string>
  /** `topic[partition]@offset` of what it could not read. */
  readonly malformed: ReadonlySet<string>
}

export interface AuditLogFacts {
  /** What is wrong with the chain; null if it is whole. */
  readonly fault: string | null
  /** Hash of the value by `topic[partition]@offset`. */
  readonly entries: ReadonlyMap<string, string | null>
}

export interface Lag {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly lag: number
}

/** A commit of a group that is below an earlier one. */
export interface OffsetMove {
  readonly place: string
  readonly from: number
  readonly to: number
}

export interface CommitFacts {
  readonly looked: number
  readonly back: readonly OffsetMove[]
}

/** What the brokers wrote down themselves. */
export interface CommitHistory extends CommitFacts {
  /** Every commit, as `writtenCommit` names it. */
  readonly written: ReadonlySet<string>
}

export interface Leak {
  readonly file: string
  readonly line: number
  readonly what: string
}

/** All that an audit looks at, each from its source. */
export interface Facts {
  readonly client: readonly LogEntry[]
  readonly messages: readonly StoredMessage[]
  readonly states: readonly StoredState[]
  readonly attempts: readonly StoredAttempt[]
  readonly books: readonly BookEntry[]
  readonly balances: readonly Balance[]
  readonly outboxRows: number
  readonly webhookRetries: number
  readonly topics: {
    readonly accepted: readonly TopicRecord[]
    readonly delivery: readonly TopicRecord[]
    readonly status: readonly TopicRecord[]
    readonly deadLetters: readonly TopicRecord[]
  }
  readonly submits: readonly Submit[]
  readonly webhooks: readonly ReceivedWebhook[]
  /** Signing secret of each customer that has an endpoint. */
  readonly endpoints: ReadonlyMap<string, string>
  /** Null when the campaign ran without. */
  readonly analytics: AnalyticsFacts | null
  readonly auditLog: AuditLogFacts
  readonly lags: readonly Lag[]
  readonly commits: { readonly watched: CommitFacts; readonly history: CommitHistory }
  readonly planted: readonly PlantedRecord[]
  readonly leaks: { readonly filesRead: number; readonly found: readonly Leak[] }
}

/** What a rule found. Without violations it passed. */
export interface Finding {
  /** A1 to A9 as in the list that this audit follows; B, C and D are ours. */
  readonly check: string
  readonly what: string
  readonly compared: string
  readonly count: number
  readonly violations: readonly string[]
  /** What is known of the messages that the violations are about. */
  readonly evidence?: readonly string[]
}

export type Rule = (facts: Facts) => Finding

export function placeOf(record: { topic: string; partition: number; offset: number }): string {
  return `${record.topic}[${record.partition}]@${record.offset}`
}

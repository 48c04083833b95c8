import { type Answers, AS_AGREED, NO_ANSWER, type PeersReport } from './odd-peers.ts'

/** What became of odd answers of one name. */
export interface OddAnswers {
  readonly name: string
  readonly given: number
  /** What the attempts that got them came to, by the gateway's own record. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Of these, attempts that are not recorded, or came to what the answer cannot mean. */
  readonly unaccounted: number
}

/** What the gateway did about receipts or callbacks of an operator. */
export interface OddReceipts {
  /** Those as agreed among them, and without these. */
  readonly sent: number
  readonly odd: number
  readonly answers: Answers
  /** By its own counters. */
  readonly handled: Readonly<Record<string, number>>
  /** Sent and not answered; answered and not counted; understood as receipts, and nothing came of them that is counted. */
  readonly unaccounted: number
}

export interface OddAccount {
  readonly items: number
  readonly unaccounted: number
  readonly answers: readonly OddAnswers[]
  readonly receipts: OddReceipts
  readonly callbacks: OddReceipts
}

/** A recorded attempt. */
export interface AttemptRow {
  readonly sms_id: number
  readonly attempt: number
  readonly outcome: string | null
}

/** The value of one of the gateway's counters for an operator, summed over the other labels that are not given. */
export type Counter = (metric: string, labels: Readonly<Record<string, string>>) => number

const OVER_SMPP = 'odd-receipts'
const OVER_HTTP = 'odd-callbacks'
/** What may come of a receipt that is understood. */
const SETTLED = ['matched', 'repeated', 'contradicting', 'early', 'ambiguous', 'unstorable']

/** Compares what odd operators did with what the gateway says of it, item by item where the gateway records items. */
export function accountForOdd(report: PeersReport, attempts: readonly AttemptRow[], counter: Counter): OddAccount {
  const answers = accountForAnswers(report.answers, attempts)
  const receipts = accountForReceipts(report, counter)
  const callbacks = accountForCallbacks(report, counter)
  const items = report.answers.length + receipts.odd + callbacks.odd
  const unaccounted = answers.reduce((sum, each) => sum + each.unaccounted, 0)
  return {
    items,
    unaccounted: unaccounted + receipts.unaccounted + callbacks.unaccounted,
    answers,
    receipts,
    callbacks,
  }
}

function accountForAnswers(given: PeersReport['answers'], attempts: readonly AttemptRow[]): OddAnswers[] {
  const outcomeOf = new Map(attempts.map(({ sms_id, attempt, outcome }) => [`${sms_id}.${attempt}`, outcome]))
  const byName = Map.groupBy(given, ([, name]) => name)
  return [...byName].sort().map(([name, those]) => {
    const outcomes: Record<string, number> = {}
    let unaccounted = 0
    for (const [ref, , expected] of those) {
      const outcome = outcomeOf.get(ref) ?? 'not recorded'
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      // An answer to another message may have ended the connection that this one was to come on.
      if (outcome !== 'ambiguous' && !expected.some((each) => each === outcome)) unaccounted++
    }
    return { name, given: those.length, outcomes, unaccounted }
  })
}

function accountForReceipts({ receiptsSent: sent, receipts: answers }: PeersReport, counter: Counter): OddReceipts {
  const refused = answered(answers, (status) => status !== 'ESME_ROK')
  const handled = {
    refused,
    receipt: counter('smsgw_smpp_deliveries_total', { operator: OVER_SMPP, kind: 'receipt' }),
    unreadable: counter('smsgw_smpp_deliveries_total', { operator: OVER_SMPP, kind: 'unreadable' }),
    message: counter('smsgw_smpp_deliveries_total', { operator: OVER_SMPP, kind: 'message' }),
  }
  const all = refused + counter('smsgw_smpp_deliveries_total', { operator: OVER_SMPP })
  const unaccounted =
    Math.abs(sent - answered(answers)) + Math.abs(sent - all) + unsettled(handled.receipt, counter, OVER_SMPP)
  return {
    sent,
    odd: oddOf(sent, answers),
    answers,
    handled: { ...handled, ...settledAs(counter, OVER_SMPP) },
    unaccounted,
  }
}

function accountForCallbacks({ callbacksSent: sent, callbacks: answers }: PeersReport, counter: Counter): OddReceipts {
  const handled = {
    receipt: counter('smsgw_http_deliveries_total', { operator: OVER_HTTP, kind: 'receipt' }),
    ignored: counter('smsgw_http_deliveries_total', { operator: OVER_HTTP, kind: 'ignored' }),
    unreadable: counter('smsgw_http_deliveries_total', { operator: OVER_HTTP, kind: 'unreadable' }),
  }
  const unaccounted =
    Math.abs(sent - answered(answers, (status) => status !== NO_ANSWER)) +
    Math.abs(sent - counter('smsgw_callbacks_total', { operator: OVER_HTTP })) +
    unsettled(handled.receipt, counter, OVER_HTTP)
  return {
    sent,
    odd: oddOf(sent, answers),
    answers,
    handled: { ...handled, ...settledAs(counter, OVER_HTTP) },
    unaccounted,
  }
}

function oddOf(sent: number, answers: Answers): number {
  return sent - Object.values(answers[AS_AGREED] ?? {}).reduce((sum, count) => sum + count, 0)
}

function answered(answers: Answers, counts: (status: string) => boolean = () => true): number {
  const statuses = Object.values(answers).flatMap((each) => Object.entries(each))
  return statuses.reduce((sum, [status, count]) => sum + (counts(status) ? count : 0), 0)
}

/** One that came before its submit was recorded is counted as early, and once more when it has found it. */
function unsettled(receipts: number, counter: Counter, operator: string): number {
  const settled = settledAs(counter, operator)
  const outcomes = Object.values(settled).reduce((sum, count) => sum + count, 0)
  return Math.max(0, receipts - outcomes, outcomes - receipts - settled.early!)
}

function settledAs(counter: Counter, operator: string): Record<string, number> {
  return Object.fromEntries(
    SETTLED.map((outcome) => [outcome, counter('smsgw_receipts_total', { operator, outcome })] as const),
  )
}

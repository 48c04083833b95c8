import type { Producer } from '../kafka/producer/producer.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { PlaceAnchor, Statement } from './anchor.ts'
import { keyIdOf, readSigningKey, readTrustedKeys } from './anchor-key.ts'
import { anchorRecord, readLastHead, storeAnchor } from './anchor-store.ts'
import type { ChainHead } from './chain.ts'

/** Anchors that PostgreSQL has and Kafka has not yet; of more the oldest are left to PostgreSQL alone. */
const UNPUBLISHED_MAX = 1_000
/** A log that cannot be anchored for so long is not ready. */
const NOT_READY_AFTER_MS = 10 * 60_000

export interface AnchorerParts {
  readonly pool: Pool
  readonly producer: Pick<Producer, 'send'>
  readonly keyFile: string
  readonly nowMs: () => number
  readonly metrics: Metrics
  readonly log: Log
}

type Cause = Extract<PlaceAnchor, { kind: 'head' }>['cause']

/**
 * Anchors one chain: signs its head and stores that in PostgreSQL, then in Kafka. Anchors are made one after the other;
 * of heads that are to be anchored meanwhile the newest replaces those before it, which it covers. It signs nothing any
 * more when the log contradicts its last anchor, and says so.
 */
export class Anchorer {
  readonly #parts: AnchorerParts
  readonly #chain: string
  readonly #opened: ChainHead
  readonly #failure: RepeatedFailure
  readonly #anchors
  readonly #unpublished: string[] = []
  #last: ChainHead | null = null
  #isRead = false
  #contradiction: string | null = null
  #queue: Promise<void> = Promise.resolve()
  #wanted: { readonly head: ChainHead; readonly cause: Cause } | null = null
  /** The newest line, and since when there have been lines that no anchor covers; null while there are none. */
  #writtenLines: number
  #unanchoredSinceMs: number | null

  /** `opened` is the head that the log had when it was opened. */
  constructor(chain: string, opened: ChainHead, parts: AnchorerParts) {
    this.#chain = chain
    this.#opened = opened
    this.#parts = parts
    this.#writtenLines = opened.seq
    this.#unanchoredSinceMs = opened.seq > 0 ? performance.now() : null
    this.#anchors = parts.metrics.counter('smsgw_audit_anchors_total', 'Anchors of the audit log that were stored')
    this.#failure = new RepeatedFailure({
      what: 'anchoring of the audit log',
      log: parts.log,
      notReadyAfterMs: NOT_READY_AFTER_MS,
    })
    const sinceMs = (): number => this.#unanchoredSinceMs ?? performance.now()
    parts.metrics.gauge(
      'smsgw_audit_unanchored_seconds',
      'For how long the audit log has had lines that no anchor in both PostgreSQL and Kafka covers',
      () => (performance.now() - sinceMs()) / 1_000,
    )
  }

  /** Lines that the last anchor covers; 0 if there is none yet. */
  get anchoredLines(): number {
    return this.#last?.seq ?? 0
  }

  /** A health check. */
  readonly check = (): void => {
    if (this.#contradiction !== null) throw new Error(this.#contradiction)
    this.#failure.check()
  }

  /** The log has lines up to this one. */
  written(lines: number): void {
    this.#writtenLines = lines
    if (lines > this.anchoredLines) this.#unanchoredSinceMs ??= performance.now()
  }

  /**
   * Anchors a head, or a newer one that is to be anchored before its time comes, unless it is anchored. Resolves when
   * it was tried; a failure is logged, and the next call tries again.
   */
  anchor(head: ChainHead, cause: Cause): Promise<void> {
    const isQueued = this.#wanted !== null
    this.#wanted = { head, cause }
    if (!isQueued) this.#queue = this.#queue.then(() => this.#tryWanted())
    return this.#queue
  }

  /** Signs and stores that days left the folder. Throws an Error if that is not stored: then they must stay. */
  state(statement: Extract<Statement, { kind: 'removed' }>): Promise<void> {
    const stated = this.#queue.then(async () => {
      if (this.#contradiction !== null) throw new Error(this.#contradiction)
      await this.#store(statement)
      await this.#publish()
    })
    this.#queue = stated.catch(() => {})
    return stated
  }

  async #tryWanted(): Promise<void> {
    const { head, cause } = this.#wanted!
    this.#wanted = null
    const beganAtMs = performance.now()
    try {
      if (!this.#isRead) await this.#readLast()
      if (this.#contradiction !== null) return
      if (head.seq > this.anchoredLines) {
        await this.#store({ kind: 'head', lines: head.seq, hash: head.hash, cause })
        this.#last = head
      }
      await this.#publish()
      this.#unanchoredSinceMs = this.#writtenLines > this.anchoredLines ? beganAtMs : null
      this.#failure.succeeded()
    } catch (error) {
      this.#failure.failed(error, { chain: this.#chain, lines: head.seq })
    }
  }

  /**
   * Compares the log, as it was when it was opened, with its last anchor. A process that died between PostgreSQL and
   * Kafka left that anchor to the former: it is published again.
   */
  async #readLast(): Promise<void> {
    const head = this.#opened
    const stored = await readLastHead(this.#parts.pool, this.#chain)
    this.#isRead = true
    if (!stored) return
    const { lines, hash, serial, key } = stored.anchor
    this.#warnOfKey(key)
    this.#last = { seq: lines, hash }
    this.#unpublished.push(stored.text)
    if (lines < head.seq || (lines === head.seq && hash === head.hash)) return
    this.#contradiction =
      `the audit log ends with line ${head.seq} and contradicts anchor ${serial}, which names line ${lines}: ` +
      'it was cut or rewritten. Run `smsgw audit verify`, and see docs/operations/audit-log.md.'
    this.#parts.log.error({ chain: this.#chain }, this.#contradiction)
  }

  /**
   * A key file that was lost, or replaced by hand, is made anew at the start: the old key's trust does not extend to
   * it.
   */
  #warnOfKey(id: string): void {
    const { keyFile, log } = this.#parts
    if (readTrustedKeys(keyFile).some((key) => keyIdOf(key) === id)) return
    log.error(
      { chain: this.#chain, key: id, file: keyFile },
      'the last anchor was signed by a key that AUDIT_KEY_FILE does not have: it was lost or replaced without --rotate',
    )
  }

  async #store(statement: Statement): Promise<void> {
    const { pool, keyFile, nowMs } = this.#parts
    // Read each time: `smsgw audit key --rotate` replaces it.
    const text = await storeAnchor(pool, readSigningKey(keyFile), this.#chain, statement, nowMs())
    this.#unpublished.push(text)
    if (this.#unpublished.length > UNPUBLISHED_MAX) this.#unpublished.shift()
    this.#anchors.inc()
  }

  async #publish(): Promise<void> {
    while (this.#unpublished.length > 0) {
      await this.#parts.producer.send(anchorRecord(this.#chain, this.#unpublished[0]!))
      this.#unpublished.shift()
    }
  }
}

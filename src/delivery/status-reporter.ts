import type { Status } from '../domain/status.ts'
import { type StatusDetails, statusRecord } from '../events/status-record.ts'
import type { StatusSubject } from '../events/status-subject.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import { backoffMs, sleep } from '../runtime/backoff.ts'

type SendFailed = (error: unknown) => void

/** Publishes what becomes of messages on `sms.status`. */
export class StatusReporter {
  readonly #producer: Producer
  readonly #failed: SendFailed
  #stopped = false

  constructor(producer: Producer, failed: SendFailed) {
    this.#producer = producer
    this.#failed = failed
  }

  /**
   * Resolves when Kafka has the event, however long that takes. Events of one message arrive in the order of the
   * calls, unless one had to be sent again; then a consumer can order them by their attempts.
   * Throws only when stopped meanwhile.
   */
  async report(subject: StatusSubject, status: Status, details: StatusDetails): Promise<void> {
    const record = statusRecord(subject, status, details, '/smsgw/worker', Date.now())
    for (let failures = 1; ; failures++) {
      try {
        await this.#producer.send(record)
        return
      } catch (error) {
        this.#failed(error)
        if (this.#stopped) throw error
        await sleep(backoffMs(failures, 100, 5_000))
      }
    }
  }

  /** From now on a failure is final: what is not published will be again, by the next worker. */
  stop(): void {
    this.#stopped = true
  }
}

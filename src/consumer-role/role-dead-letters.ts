import type { DeadLetterReason } from '../events/dead-letter.ts'
import { deadLetterRecord } from '../events/dead-letter-record.ts'
import type { ConsumerObserver } from '../kafka/consumer/consumer-observer.ts'
import type { SettledOutcome } from '../kafka/consumer/outcome.ts'
import {
  type DeadLetterFailure,
  deadLetters,
  type PublishDeadLetter,
  publishOrKeep,
} from '../kafka/middleware/dead-letter.ts'
import type { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import type { RecordHandler, SettledHandler } from '../kafka/middleware/middleware.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { HealthCheck } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { brakeCheck, observedBrake } from './observe-brake.ts'

export interface RoleDeadLettersParts {
  readonly producer: Pick<Producer, 'send'>
  readonly group: string
  readonly failed: Required<ConsumerObserver>['handlerFailed']
  readonly metrics: Metrics
  readonly log: Log
}

/** The dead letters that one role publishes to `sms.dlq`, and the brake on those that are no verdict on their record. */
export class RoleDeadLetters {
  readonly brake: DeadLetterBrake
  /** Throws while the brake pauses the consumer. */
  readonly check: HealthCheck
  readonly #parts: RoleDeadLettersParts

  constructor(parts: RoleDeadLettersParts) {
    this.#parts = parts
    this.brake = observedBrake(parts.log, parts.metrics, parts.group)
    this.check = brakeCheck(this.brake)
  }

  /** Publishes a record, whatever the brake says. Rejects with what `Producer.send` throws. */
  readonly publish: PublishDeadLetter = async (record, { reason, ...failure }) => {
    const { producer, group, log } = this.#parts
    // The Kafka layer does not know the list of reasons; the handlers of roles take theirs from it.
    const cause = { ...failure, reason: reason as DeadLetterReason, consumerGroup: group }
    await producer.send(deadLetterRecord(record, cause, Date.now()))
    const { topic, partition, offset } = record
    log.warn({ group, topic, partition, offset, reason, cause: failure.error }, 'record dead-lettered')
  }

  /** Publishes a record. While that fails the record stays, and is to be tried again in a second. */
  publishOrKeep(record: ConsumedRecord, failure: DeadLetterFailure): Promise<SettledOutcome> {
    return publishOrKeep(this.publish, record, failure, this.handlerFailed)
  }

  /** Wraps a handler: publishes what it gives as a dead letter, as far as the brake allows. */
  after(next: RecordHandler): SettledHandler {
    return deadLetters(next, this.publish, { brake: this.brake, publishFailed: this.handlerFailed })
  }

  /** Counts and logs that a record could not be handled, which is tried again. */
  readonly handlerFailed = (error: unknown, attempts: number): void => this.#parts.failed(error, 1, attempts)
}

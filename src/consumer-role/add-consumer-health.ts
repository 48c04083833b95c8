import type { Consumer } from '../kafka/consumer/consumer.ts'
import type { DeadLetterBrake } from '../kafka/middleware/dead-letter-brake.ts'
import type { Health } from '../runtime/health.ts'
import { brakeCheck } from './observe-brake.ts'
import type { ObservedConsumer } from './observe-kafka.ts'

interface CheckedConsumer {
  readonly consumer: Pick<Consumer, 'failure'>
  readonly observer: Pick<ObservedConsumer, 'check'>
  /** Of a consumer that publishes dead letters. */
  readonly brake?: DeadLetterBrake
}

/** Adds a consumer's health checks: `NAME` (it has not failed), `NAME-progress`, and `NAME-brake` if it has a brake. */
export function addConsumerHealth(health: Health, name: string, { consumer, observer, brake }: CheckedConsumer): void {
  health.add(name, () => {
    if (consumer.failure) throw consumer.failure
  })
  health.add(`${name}-progress`, observer.check)
  if (brake) health.add(`${name}-brake`, brakeCheck(brake))
}

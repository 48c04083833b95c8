import type { Cluster } from '../kafka/cluster/cluster.ts'
import { Consumer, type Handling } from '../kafka/consumer/consumer.ts'
import type { ConsumerObserver } from '../kafka/consumer/consumer-observer.ts'
import { type ConsumerOptions, consumerOptions } from '../kafka/consumer/consumer-options.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Service } from '../runtime/service.ts'
import { type ObservedConsumer, observeConsumer } from './observe-kafka.ts'
import { RoleDeadLetters } from './role-dead-letters.ts'

/** What every role that consumes needs of its process. */
export interface ConsumerRoleParts {
  /** A lasting name of this process as a member of its group; null for none. */
  readonly instanceId: string | null
  readonly cluster: Cluster
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

interface ConsumerRoleOptions {
  /** Of the role. Its health checks are `NAME`, `NAME-progress` and, where it publishes dead letters, `NAME-brake`. */
  readonly name: string
  readonly group: string
  readonly topics: readonly string[]
  /** In what the consumer differs from the profile `worker`, beyond what all roles have. */
  readonly options?: Omit<Partial<ConsumerOptions>, 'groupInstanceId' | 'fetchBytesMin'>
  /** Called beside the role's own observer. */
  readonly observer?: Pick<ConsumerObserver, 'assigned' | 'revoking' | 'lost'>
}

/** A role that handles every record that there is. */
interface WithoutDeadLetters {
  readonly producer?: undefined
  readonly handling: Handling
}

/** A role that publishes what it cannot handle. */
interface WithDeadLetters {
  readonly producer: Pick<Producer, 'send'>
  readonly handling: (letters: RoleDeadLetters) => Handling
}

/** The consumer of a role: a member of the role's group with its options, metrics, log lines, health and dead letters. */
export class ConsumerRole implements Service {
  readonly name: string
  readonly #health: Health
  readonly #observer: ObservedConsumer
  readonly #letters: RoleDeadLetters | null
  readonly #consumer: Consumer

  constructor(parts: ConsumerRoleParts, role: ConsumerRoleOptions & (WithoutDeadLetters | WithDeadLetters)) {
    const { instanceId, cluster, health, metrics, log } = parts
    const { name, group, topics, options, observer } = role
    this.name = name
    this.#health = health
    this.#observer = observeConsumer(log, metrics, group)
    const failed = this.#observer.handlerFailed
    let handling: Handling
    if (role.producer) {
      this.#letters = new RoleDeadLetters({ ...parts, producer: role.producer, group, failed })
      handling = role.handling(this.#letters)
    } else {
      this.#letters = null
      handling = role.handling
    }
    this.#consumer = new Consumer(
      cluster,
      // A record that has arrived is delivered at once; `fetchPauseMs` is what makes batches of them.
      consumerOptions({ groupId: group, topics }, { ...options, groupInstanceId: instanceId, fetchBytesMin: 1 }),
      handling,
      { ...observer, ...this.#observer, lost: inTurn(this.#observer.lost, observer?.lost) },
    )
  }

  /** Joins the group; from then on the process is ready only while the consumer makes progress. */
  async start(): Promise<void> {
    await this.#consumer.start()
    this.#health.add(this.name, () => {
      if (this.#consumer.failure) throw this.#consumer.failure
    })
    this.#health.add(`${this.name}-progress`, this.#observer.check)
    if (this.#letters) this.#health.add(`${this.name}-brake`, this.#letters.check)
  }

  /** Takes no more, lets handlers finish within the drain time, commits, and leaves the group. */
  stop(): Promise<void> {
    return this.#consumer.stop()
  }
}

function inTurn<T extends unknown[]>(...calls: (((...args: T) => void) | undefined)[]): (...args: T) => void {
  return (...args) => {
    for (const call of calls) call?.(...args)
  }
}

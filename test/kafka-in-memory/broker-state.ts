import type { Reader, Writer } from '@platformatic/kafka'
import { ConsumerGroup } from './consumer-group.ts'
import { TopicStore } from './topic-store.ts'

/** The only broker of a cluster: leader of every partition, coordinator of every group, and controller. */
export const NODE_ID = 1

/** What a broker knows. */
export class BrokerState {
  readonly topics = new TopicStore()
  readonly #groups = new Map<string, ConsumerGroup>()
  #producerIds = 0n
  /** Where clients reach it. */
  port = 0

  /** The group of that name, which exists from the first question for it on, as with Kafka. */
  group(groupId: string): ConsumerGroup {
    let group = this.#groups.get(groupId)
    if (!group) {
      group = new ConsumerGroup()
      this.#groups.set(groupId, group)
    }
    return group
  }

  nextProducerId(): bigint {
    return ++this.#producerIds
  }

  /** Ends all timers. */
  close(): void {
    for (const group of this.#groups.values()) group.close()
  }
}

export interface RequestContext {
  readonly broker: BrokerState
  readonly clientId: string
}

/** How one kind of request is answered: reads its body and writes that of the answer. Both are of flexible versions. */
export interface RequestKind {
  readonly key: number
  readonly version: number
  answer(request: Reader, context: RequestContext): Writer | Promise<Writer>
}

import { GROUPS } from '../../../src/events/topics.ts'
import { committedOffsets, listGroups } from '../../../src/kafka/admin/read-groups.ts'
import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import type { CommitFacts } from './facts.ts'
import { OffsetMoves } from './offset-moves.ts'

const EVERY_MS = 1_000
const GATEWAY_GROUPS: ReadonlySet<string> = new Set(Object.values(GROUPS))

/** Looks at the committed offsets of all groups throughout: what brokers forget is not in their own history. */
export class CommitWatch {
  readonly #cluster: Cluster
  readonly #moves = new OffsetMoves()
  #looks = 0
  #stopping = false
  #loop: Promise<void> | null = null

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<CommitFacts> {
    this.#stopping = true
    await this.#loop
    return { looked: this.#looks, back: this.#moves.facts.back }
  }

  async #run(): Promise<void> {
    const connections = this.#cluster.connections(2_000)
    while (!this.#stopping) {
      try {
        const groups = (await listGroups(this.#cluster, connections)).map(({ groupId }) => groupId)
        const ours = groups.filter((group) => GATEWAY_GROUPS.has(group))
        for (const { groupId, topic, partition, offset } of await committedOffsets(this.#cluster, connections, ours)) {
          this.#moves.saw(`${groupId} ${topic}[${partition}]`, offset)
        }
        this.#looks++
      } catch {
        // A broker is unavailable, or a coordinator moves: that is what a campaign is for. The next look suffices.
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
    await connections.close()
  }
}

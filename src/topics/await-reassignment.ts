import { listReassignments } from '../kafka/admin/reassign-partitions.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { retryCall } from '../kafka/cluster/retry-call.ts'
import { sleep } from '../runtime/backoff.ts'

const POLL_MS = 500
const PROGRESS_MS = 5_000

/**
 * Waits until no partition moves any more, of one topic or of all (null). It waits for as long as the copying takes,
 * which continues also without a waiter. Throws KafkaError or KafkaUnreachableError.
 */
export async function awaitReassignment(
  cluster: Cluster,
  topic: string | null,
  progress: (what: string) => void,
): Promise<void> {
  let reportedMs = Date.now()
  while (true) {
    const moving = await retryCall(() => listReassignments(cluster))
    const left = moving.filter((each) => topic === null || each.topic === topic).length
    if (left === 0) return
    if (Date.now() - reportedMs >= PROGRESS_MS) {
      reportedMs = Date.now()
      progress(`${left} partitions still move`)
    }
    await sleep(POLL_MS)
  }
}

/** A broker that replicas can be placed on. */
export interface Place {
  readonly nodeId: number
  readonly rack: string | null
}

/** The brokers of each partition's replicas, the preferred leader first. */
export type Layout = readonly (readonly number[])[]

/**
 * Replicas for partitions that are added to a topic: each broker gets as many replicas and as many leaders as the
 * others, as far as that is possible, and a partition's replicas are in different racks where there are enough.
 * The same input gives the same answer. Throws RangeError when there are fewer places than replicas.
 */
export function placeNewPartitions(
  layout: Layout,
  count: number,
  replicationFactor: number,
  places: readonly Place[],
): number[][] {
  if (count > 0) demandPlaces(replicationFactor, places)
  const placed: number[][] = layout.map((replicas) => [...replicas])
  const added: number[][] = []
  for (let n = 0; n < count; n++) {
    const replicas = extend([], replicationFactor, places, placed)
    placed.push(replicas)
    added.push(replicas)
  }
  return added
}

/**
 * The layout with another replication factor, moving as little as can be: replicas that may stay do, so growing only
 * copies and shrinking only drops, from the brokers that hold most. The preferred leader of a partition never changes.
 * Throws RangeError when there are fewer places than replicas.
 */
export function changeReplicationFactor(
  layout: Layout,
  replicationFactor: number,
  places: readonly Place[],
): number[][] {
  const placed: number[][] = layout.map((replicas) => [...replicas])
  for (const [partition, replicas] of placed.entries()) {
    if (replicas.length < replicationFactor) {
      demandPlaces(replicationFactor, places)
      placed[partition] = extend(replicas, replicationFactor, places, placed)
    } else {
      while (placed[partition]!.length > replicationFactor) dropOne(placed, partition)
    }
  }
  return placed
}

function demandPlaces(replicationFactor: number, places: readonly Place[]): void {
  if (places.length >= replicationFactor) return
  throw new RangeError(`${replicationFactor} replicas need as many brokers, and ${places.length} are up`)
}

/**
 * Adds the places that serve best one by one: another rack first, then fewer leaders or replicas, then the lower id.
 */
function extend(replicas: readonly number[], to: number, places: readonly Place[], placed: Layout): number[] {
  const rackOf = new Map(places.map(({ nodeId, rack }) => [nodeId, rack]))
  const counts = countReplicas(placed)
  const leaders = countReplicas(placed.map((each) => each.slice(0, 1)))
  const chosen = [...replicas]
  while (chosen.length < to) {
    const racks = new Set(chosen.map((nodeId) => rackOf.get(nodeId) ?? null))
    const cost = ({ nodeId, rack }: Place): number[] => [
      rack !== null && racks.has(rack) ? 1 : 0,
      chosen.length === 0 ? (leaders.get(nodeId) ?? 0) : 0,
      counts.get(nodeId) ?? 0,
      nodeId,
    ]
    const free = places.filter(({ nodeId }) => !chosen.includes(nodeId))
    const best = free.reduce((a, b) => (isLess(cost(b), cost(a)) ? b : a))
    chosen.push(best.nodeId)
  }
  return chosen
}

function dropOne(placed: number[][], partition: number): void {
  const counts = countReplicas(placed)
  const [leader, ...others] = placed[partition]!
  const fullest = others.reduce((a, b) => ((counts.get(b) ?? 0) >= (counts.get(a) ?? 0) ? b : a))
  placed[partition] = [leader!, ...others.filter((nodeId) => nodeId !== fullest)]
}

function countReplicas(layout: Layout): Map<number, number> {
  const counts = new Map<number, number>()
  for (const nodeId of layout.flat()) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1)
  return counts
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index])
  return at >= 0 && a[at]! < b[at]!
}

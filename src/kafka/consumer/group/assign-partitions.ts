import type { TopicPartition } from '../../wire/consumer-protocol.ts'

/** A member of the group as the leader sees it. */
export interface AssignableMember {
  readonly memberId: string
  /** For a static member, its lasting name; such members keep their place in the order across restarts. */
  readonly instanceId: string | null
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  /** Generation of the claim on `owned`; of two claims on a partition the younger one holds. */
  readonly generationId: number
}

export type Assignment = ReadonlyMap<string, readonly TopicPartition[]>

/**
 * The assignment, by the cooperative sticky rule (KIP-429): every member keeps what it owns up to its fair share, what
 * is left goes to those with least, and nothing is assigned to a new owner before the old one has released it: a
 * partition that has to move is left out of this assignment, its owner sees that and rejoins without it.
 */
export function assignPartitions(
  members: readonly AssignableMember[],
  partitionsOf: (topic: string) => number,
): Assignment {
  const ordered = [...members].sort((a, b) => compare(a.instanceId ?? a.memberId, b.instanceId ?? b.memberId))
  const owners = claimedOwners(ordered)
  const target = new Map<string, TopicPartition[]>(ordered.map((member) => [member.memberId, []]))
  for (const topic of new Set(ordered.flatMap((member) => member.topics))) {
    const subscribers = ordered.filter((member) => member.topics.includes(topic))
    spreadTopic(topic, partitionsOf(topic), subscribers, owners, target)
  }
  return withoutMoves(target, owners)
}

const nameOf = (topic: string, partition: number): string => `${partition}@${topic}`

function claimedOwners(members: readonly AssignableMember[]): Map<string, string> {
  const owners = new Map<string, { memberId: string; generationId: number }>()
  for (const { memberId, owned, generationId } of members) {
    for (const { topic, partition } of owned) {
      const name = nameOf(topic, partition)
      const rival = owners.get(name)
      if (!rival || generationId > rival.generationId) owners.set(name, { memberId, generationId })
    }
  }
  return new Map([...owners].map(([name, { memberId }]) => [name, memberId]))
}

/** Gives each subscriber its share of one topic, the larger shares to those with least so far. */
function spreadTopic(
  topic: string,
  partitions: number,
  subscribers: readonly AssignableMember[],
  owners: ReadonlyMap<string, string>,
  target: Map<string, TopicPartition[]>,
): void {
  const least = Math.floor(partitions / subscribers.length)
  let larger = partitions % subscribers.length
  const kept = new Map<string, number[]>(subscribers.map((member) => [member.memberId, []]))
  const free: number[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const mine = kept.get(owners.get(nameOf(topic, partition)) ?? '')
    if (mine && mine.length < least) mine.push(partition)
    else if (mine && mine.length === least && larger > 0) {
      mine.push(partition)
      larger--
    } else free.push(partition)
  }
  const byLoad = [...subscribers].sort((a, b) => load(a) - load(b))
  for (const member of byLoad) {
    const mine = kept.get(member.memberId)!
    while (mine.length < least) mine.push(free.shift()!)
  }
  for (const member of byLoad) {
    if (larger === 0) break
    const mine = kept.get(member.memberId)!
    if (mine.length > least) continue
    mine.push(free.shift()!)
    larger--
  }
  for (const [memberId, mine] of kept) {
    for (const partition of mine) target.get(memberId)!.push({ topic, partition })
  }

  function load(member: AssignableMember): number {
    return target.get(member.memberId)!.length + kept.get(member.memberId)!.length / (partitions + 1)
  }
}

function withoutMoves(target: ReadonlyMap<string, TopicPartition[]>, owners: ReadonlyMap<string, string>): Assignment {
  const assignment = new Map<string, TopicPartition[]>()
  for (const [memberId, partitions] of target) {
    const settled = partitions.filter(({ topic, partition }) => {
      const owner = owners.get(nameOf(topic, partition))
      return owner === undefined || owner === memberId || !target.has(owner)
    })
    assignment.set(memberId, settled)
  }
  return assignment
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

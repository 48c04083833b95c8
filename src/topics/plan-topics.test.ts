import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ClusterState, planTopics, type TopicState } from './plan-topics.ts'
import type { DeclaredTopic } from './topics-file.ts'
import type { PlannedChange } from './topics-plan.ts'

const DEFAULTS = { 'retention.ms': '604800000', 'min.insync.replicas': '1', 'cleanup.policy': 'delete' }

const places = (count: number, racks = 0) =>
  Array.from({ length: count }, (_, n) => ({ nodeId: n + 1, rack: racks > 0 ? `rack-${n % racks}` : null }))

function topicState(layout: number[][], set: Record<string, string> = {}): TopicState {
  return { layout, configs: new Map(Object.entries({ ...DEFAULTS, ...set })), overrides: new Set(Object.keys(set)) }
}

function cluster(topics: Record<string, TopicState>, brokers = places(3)): ClusterState {
  return { clusterId: 'c', brokers: 3, places: brokers, topics: new Map(Object.entries(topics)) }
}

function declare(partitions: number, replicationFactor: number, configs: Record<string, string> = {}): DeclaredTopic {
  return { name: 't', partitions, replicationFactor, configs }
}

const keep = { prune: false, owns: null }
const kinds = (changes: readonly PlannedChange[]) => changes.map(({ kind }) => kind)

/** What the changes do, as Kafka would do them; throws where Kafka would refuse. */
function applyToModel(state: ClusterState, changes: readonly PlannedChange[]): ClusterState {
  const topics = new Map(state.topics)
  const up = new Set(state.places.map(({ nodeId }) => nodeId))
  for (const change of changes) {
    const before = topics.get(change.topic)
    if ((change.kind === 'create-topic') === (before !== undefined))
      throw new Error(`${change.kind} of ${change.topic}`)
    if (change.kind === 'create-topic') {
      const replicas = state.places.slice(0, change.replicationFactor).map(({ nodeId }) => nodeId)
      if (replicas.length < change.replicationFactor) throw new Error('INVALID_REPLICATION_FACTOR')
      const layout = Array.from({ length: change.partitions }, () => replicas)
      topics.set(change.topic, topicState(layout, change.configs))
      continue
    }
    if (change.kind === 'delete-topic') topics.delete(change.topic)
    else topics.set(change.topic, changeModel(before!, change, up))
  }
  return { ...state, topics }
}

function changeModel(before: TopicState, change: PlannedChange, up: ReadonlySet<number>): TopicState {
  const layout = before.layout.map((replicas) => [...replicas])
  const set: Record<string, string> = {}
  for (const name of before.overrides) set[name] = before.configs.get(name)!
  if (change.kind === 'set-config') set[change.name] = change.to
  if (change.kind === 'remove-config') delete set[change.name]
  if (change.kind === 'add-partitions') {
    if (change.to <= layout.length || change.to - layout.length !== change.replicas.length) throw new Error('INVALID')
    if (change.replicas.some((replicas) => replicas.length !== layout[0]!.length)) throw new Error('INCONSISTENT')
    layout.push(...change.replicas)
  }
  if (change.kind === 'reassign') {
    for (const { partition, from, to } of change.moves) {
      expect(layout[partition]).toEqual(from)
      layout[partition] = to
    }
  }
  const added = layout.flatMap((replicas, n) => replicas.filter((id) => !before.layout[n]?.includes(id)))
  if (added.some((nodeId) => !up.has(nodeId))) throw new Error('a broker that is down')
  if (layout.some((replicas) => new Set(replicas).size !== replicas.length)) throw new Error('twice on a broker')
  return topicState(layout, set)
}

const configs = fc.dictionary(fc.constantFrom(...Object.keys(DEFAULTS)), fc.constantFrom('1', '2', 'delete'))
const topology = fc
  .record({ brokers: fc.integer({ min: 1, max: 6 }), racks: fc.integer({ min: 0, max: 3 }) })
  .chain(({ brokers, racks }) => {
    const all = places(brokers, racks)
    const replicas = fc.shuffledSubarray(
      all.map(({ nodeId }) => nodeId),
      { minLength: 1 },
    )
    const layout = fc.array(replicas, { minLength: 1, maxLength: 12 }).map((drawn) => {
      const smallest = Math.min(...drawn.map((each) => each.length))
      return drawn.map((each, n) => (n === 0 ? each.slice(0, smallest) : each))
    })
    const present = fc.record({ layout, set: configs }).map(({ layout: drawn, set }) => topicState(drawn, set))
    return fc.record({
      brokers: fc.constant(brokers),
      places: fc.subarray(all, { minLength: 1 }),
      topics: fc.dictionary(fc.constantFrom('t', 'u', 'old'), present),
    })
  })
const declaration = fc.record({
  partitions: fc.integer({ min: 1, max: 20 }),
  replicationFactor: fc.integer({ min: 1, max: 5 }),
  configs,
})

test('a plan applied leaves nothing to do, and what was refused stays refused', () => {
  fc.assert(
    fc.property(topology, fc.tuple(declaration, declaration), fc.boolean(), (drawn, [t, u], prune) => {
      const state = { clusterId: 'c', ...drawn, topics: new Map(Object.entries(drawn.topics)) }
      const declared = [
        { name: 't', ...t },
        { name: 'u', ...u },
      ]
      const options = { prune, owns: prune ? '' : null }
      const first = planTopics(declared, state, options)
      const after = applyToModel(state, first.changes)
      const second = planTopics(declared, after, options)
      expect(second.changes).toEqual([])
      expect(second.refusals).toEqual(first.refusals)
    }),
  )
})

test('changing the replication factor moves no replica that may stay, and no preferred leader', () => {
  fc.assert(
    fc.property(topology, declaration, (drawn, wanted) => {
      const state = { clusterId: 'c', ...drawn, topics: new Map(Object.entries(drawn.topics)) }
      const { changes } = planTopics([{ name: 't', ...wanted }], state, keep)
      for (const change of changes) {
        if (change.kind !== 'reassign') continue
        for (const { from, to } of change.moves) {
          expect(to[0]).toBe(from[0])
          const [fewer, more] = from.length < to.length ? [from, to] : [to, from]
          expect(more).toEqual(expect.arrayContaining(fewer))
        }
      }
    }),
  )
})

test('fewer partitions are refused, and the configs are changed all the same', () => {
  const state = cluster({ t: topicState([[1], [2], [3]]) })
  const { changes, refusals } = planTopics([declare(2, 1, { 'retention.ms': '1' })], state, keep)
  expect(kinds(changes)).toEqual(['set-config'])
  expect(refusals).toEqual([expect.objectContaining({ topic: 't', why: expect.stringContaining('never removes') })])
})

test('an unavailable broker is no reason to want fewer replicas, and nothing is placed on it', () => {
  const layout = [
    [1, 2, 3],
    [2, 3, 1],
  ]
  const state = cluster({ t: topicState(layout) }, places(2))
  expect(planTopics([declare(2, 3)], state, keep)).toEqual({ changes: [], refusals: [] })
  const grown = planTopics([declare(4, 3)], state, keep)
  expect(grown.changes).toEqual([])
  expect(grown.refusals[0]!.why).toContain('only 2 are up (1, 2)')
})

test('more replicas must be there before more of them must be in sync, or every write would stop', () => {
  const wanted = declare(2, 3, { 'min.insync.replicas': '2', 'retention.ms': '1' })
  const { changes } = planTopics([wanted], cluster({ t: topicState([[1], [2]]) }), keep)
  expect(kinds(changes)).toEqual(['set-config', 'reassign', 'set-config'])
  expect(changes[2]).toMatchObject({ name: 'min.insync.replicas', from: '1', to: '2' })
})

test('only --prune removes, and a throttle under way is no drift', () => {
  const set = { 'max.message.bytes': '9', 'leader.replication.throttled.replicas': '0:1' }
  const state = cluster({ t: topicState([[1]], set), 'sms.old': topicState([[1]]), other: topicState([[1]]) })
  expect(planTopics([declare(1, 1)], state, { prune: false, owns: 'sms.' }).changes).toEqual([])
  expect(planTopics([declare(1, 1)], state, { prune: true, owns: 'sms.' }).changes).toEqual([
    { kind: 'remove-config', topic: 't', name: 'max.message.bytes', from: '9' },
    { kind: 'delete-topic', topic: 'sms.old', partitions: 1 },
  ])
})

test('new partitions spread over brokers, leaders and racks', () => {
  const state = cluster({ t: topicState([[1, 2]]) }, places(4, 2))
  const { changes } = planTopics([declare(9, 2)], state, keep)
  const [grown] = changes
  if (grown?.kind !== 'add-partitions') throw new Error('no partitions were added')
  const leaders = Map.groupBy([1, ...grown.replicas.map(([first]) => first!)], (nodeId) => nodeId)
  expect(Math.max(...[...leaders.values()].map(({ length }) => length))).toBe(3)
  const rackOf = (nodeId: number) => (nodeId - 1) % 2
  for (const [a, b] of grown.replicas) expect(rackOf(a!)).not.toBe(rackOf(b!))
})

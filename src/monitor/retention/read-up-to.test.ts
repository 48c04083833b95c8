import { expect, test } from 'vitest'
import { GROUPS } from '../../events/topics.ts'
import { positionsIn, ReadUpTo } from './read-up-to.ts'

const TOPIC = 'sms.status'
const STATUS = GROUPS.status

interface Look {
  /** By partition: the first offset that is there, and the end. Null: without a leader. */
  readonly ends: readonly (readonly [number, number] | null)[]
  /** By group and partition: the next offset that the group would read. Null: it has committed nothing there. */
  readonly groups: Readonly<Record<string, readonly (number | null)[]>>
}

function reader() {
  let now: Look = { ends: [], groups: {} }
  const readUpTo = new ReadUpTo(async () => {
    const partitions = now.ends.flatMap((end, partition) =>
      end ? [{ topic: TOPIC, partition, logStartOffset: end[0], logEndOffset: end[1] }] : [],
    )
    return {
      partitions,
      leaderless: new Set(now.ends.flatMap((end, partition) => (end ? [] : [`${TOPIC}[${partition}]`]))),
      lags: partitions.flatMap((each) =>
        Object.entries(now.groups).flatMap(([group, offsets]) => {
          const currentOffset = offsets[each.partition] ?? null
          return currentOffset === null
            ? []
            : [{ ...each, group, currentOffset, lag: each.logEndOffset - currentOffset }]
        }),
      ),
    }
  })
  return (atMs: number, ends: Look['ends'], groups: Look['groups']) => {
    now = { ends, groups }
    return readUpTo.look(atMs)
  }
}

test('what was published before a look is read when every group has passed the ends of that look', async () => {
  const look = reader()
  expect(await look(100, [[0, 10]], { [STATUS]: [5], audit: [10] })).toBe(0)
  expect(await look(200, [[0, 50]], { [STATUS]: [9], audit: [50] })).toBe(0)
  expect(await look(300, [[0, 90]], { [STATUS]: [10], audit: [60] })).toBe(100)
  // The next probe set out at 300, when the log ended at 90.
  expect(await look(400, [[0, 95]], { [STATUS]: [90], audit: [89] })).toBe(100)
  expect(await look(500, [[0, 95]], { [STATUS]: [95], audit: [95] })).toBe(300)
})

test('an unused group holds nothing that its topic has dropped, nor what was cut off', async () => {
  const look = reader()
  await look(100, [[0, 10]], { [STATUS]: [10], 'given-up': [5] })
  expect(await look(200, [[9, 20]], { [STATUS]: [20], 'given-up': [5] })).toBe(0)
  expect(await look(300, [[10, 20]], { [STATUS]: [20], 'given-up': [5] })).toBe(100)
  const cut = reader()
  await cut(100, [[0, 10]], { [STATUS]: [5] })
  expect(await cut(200, [[0, 5]], { [STATUS]: [5] })).toBe(100)
})

test('a group that is not named any more counts as behind until its topic has dropped what it had not read', async () => {
  const look = reader()
  await look(100, [[0, 10]], { [STATUS]: [10], clickhouse_ingestion_status: [5] })
  expect(await look(200, [[0, 20]], { [STATUS]: [20] })).toBe(0)
  expect(await look(300, [[10, 20]], { [STATUS]: [20] })).toBe(100)
})

test('a group that comes while the probe is out is waited for', async () => {
  const look = reader()
  await look(100, [[0, 10]], { [STATUS]: [10] })
  expect(await look(200, [[0, 20]], { [STATUS]: [20], clickhouse_ingestion_status: [0] })).toBe(0)
  expect(await look(300, [[0, 20]], { [STATUS]: [20], clickhouse_ingestion_status: [10] })).toBe(100)
})

test('a partition in which a group has committed nothing is not read by it, unless it is empty', async () => {
  const look = reader()
  const ends = [
    [0, 10],
    [0, 10],
    [3, 3],
  ] as const
  await look(100, ends, { [STATUS]: [10, 10, null], clickhouse: [10, null, null] })
  expect(await look(200, ends, { [STATUS]: [10, 10, null], clickhouse: [10, null, null] })).toBe(0)
  expect(await look(300, ends, { [STATUS]: [10, 10, null], clickhouse: [10, 10, null] })).toBe(100)
})

test('nothing is called read while a partition has no leader, neither then nor by a probe of that time', async () => {
  const look = reader()
  await look(
    100,
    [
      [0, 10],
      [0, 10],
    ],
    { [STATUS]: [10, 5] },
  )
  expect(await look(200, [[0, 10], null], { [STATUS]: [10, 5] })).toBe(0)
  expect(
    await look(
      300,
      [
        [0, 10],
        [0, 10],
      ],
      { [STATUS]: [10, 10] },
    ),
  ).toBe(100)
  const late = reader()
  await late(100, [[0, 10], null], { [STATUS]: [10] })
  // The other partition ended at 90 at the time of the first look, for all that is known.
  expect(
    await late(
      200,
      [
        [0, 10],
        [0, 90],
      ],
      { [STATUS]: [10, 5] },
    ),
  ).toBe(0)
  expect(
    await late(
      300,
      [
        [0, 10],
        [0, 90],
      ],
      { [STATUS]: [10, 90] },
    ),
  ).toBe(200)
})

test('without the group of the status updater nothing is read of what its topic has', async () => {
  const look = reader()
  await look(100, [[0, 10]], {})
  expect(await look(200, [[0, 10]], {})).toBe(0)
  expect(await look(300, [[10, 10]], {})).toBe(100)
})

test('what was read by a clock that was ahead counts no more when it was set back', async () => {
  const look = reader()
  await look(9_000, [[0, 10]], { [STATUS]: [10] })
  expect(await look(9_100, [[0, 10]], { [STATUS]: [10] })).toBe(9_000)
  expect(await look(100, [[0, 20]], { [STATUS]: [10] })).toBe(0)
  expect(await look(200, [[0, 20]], { [STATUS]: [19] })).toBe(0)
  expect(await look(300, [[0, 20]], { [STATUS]: [20] })).toBe(100)
})

test('of a sample the topics of messages count, and one of them that is not there is not known', () => {
  const at = (topic: string) => ({ topic, partition: 0, logStartOffset: 0, logEndOffset: 1 })
  const lags = [{ ...at('orders'), group: 'theirs', currentOffset: 0, lag: 1 }]
  const partitions = ['orders', 'sms.accepted', 'sms.delivery'].map(at)
  expect(positionsIn({ lags, partitions, leaderless: new Set(['orders[1]', 'sms.delivery[1]']) })).toEqual({
    lags: [],
    partitions: partitions.slice(1),
    leaderless: new Set(['sms.delivery[1]', 'sms.status']),
  })
})

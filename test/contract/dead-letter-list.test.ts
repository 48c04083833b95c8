import { expect, onTestFinished, test } from 'vitest'
import { dlqSettings } from '../../src/dead-letters/config.ts'
import type { DeadLetterCursor, DeadLetterFilter } from '../../src/dead-letters/dead-letter-filter.ts'
import { parseDeadLetterId } from '../../src/dead-letters/dead-letter-id.ts'
import { DeadLetterKeeper } from '../../src/dead-letters/dead-letter-keeper.ts'
import { type DeadLetterSummary, listDeadLetters } from '../../src/dead-letters/list-dead-letters.ts'
import { showDeadLetter } from '../../src/dead-letters/show-dead-letter.ts'
import { deadLetterRecord } from '../../src/events/dead-letter-record.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { fillDeadLetters } from '../gateway/fill/fill-dead-letters.ts'
import { consumedRecord } from '../servers/consumed-record.ts'
import { freshDatabase, testCluster } from '../servers/fixtures.ts'

const LETTERS = 20_000
const PAGE = 700

async function listAll(pool: Pool, filter: DeadLetterFilter): Promise<DeadLetterSummary[]> {
  const found: DeadLetterSummary[] = []
  let after: DeadLetterCursor | null = null
  do {
    const page: Awaited<ReturnType<typeof listDeadLetters>> = await listDeadLetters(pool, filter, after, PAGE)
    found.push(...page.letters)
    after = page.next
  } while (after)
  return found
}

test('every filter finds what reading all of them finds, page by page, the newest first', async () => {
  const pool = await freshDatabase()
  await fillDeadLetters(pool, LETTERS, () => {})
  await pool.query("UPDATE dead_letters SET state = 'discarded', closed_by = 'bob' WHERE original_offset % 7 = 0")
  const all = await listAll(pool, { state: 'all' })
  expect(all).toHaveLength(LETTERS)
  expect(all.map(({ failed_at }) => failed_at)).toEqual(
    all
      .map(({ failed_at }) => failed_at)
      .sort()
      .reverse(),
  )
  const middleMs = Date.parse(all[LETTERS / 2]!.failed_at)
  const cases: [Omit<DeadLetterFilter, 'state'>, (letter: DeadLetterSummary) => boolean][] = [
    [{ reason: 'handler' }, ({ reason }) => reason === 'handler'],
    [{ customerId: 'bench-7' }, ({ customer_id }) => customer_id === 'bench-7'],
    [
      { operator: 'operator-3', topic: 'sms.status' },
      (l) => l.operator === 'operator-3' && l.original_topic === 'sms.status',
    ],
    [{ error: 'OP-123' }, ({ error }) => error.includes('op-123')],
    [{ error: 'refused', customerId: 'bench-8' }, (l) => l.error.includes('refused') && l.customer_id === 'bench-8'],
    [{ error: '100%_' }, () => false],
    [
      { fromMs: middleMs - 60_000, toMs: middleMs },
      (l) => Date.parse(l.failed_at) < middleMs && Date.parse(l.failed_at) >= middleMs - 60_000,
    ],
    [{ smsId: all[5]!.sms_id ?? all[6]!.sms_id! }, (l) => l.sms_id === (all[5]!.sms_id ?? all[6]!.sms_id)],
  ]
  for (const state of ['open', 'discarded', 'redriven', 'all'] as const) {
    for (const [filter, matches] of cases) {
      const expected = all.filter((letter) => (state === 'all' || letter.state === state) && matches(letter))
      expect(await listAll(pool, { ...filter, state }), JSON.stringify({ ...filter, state })).toEqual(expected)
    }
  }
})

test('whatever comes to sms.dlq is kept once, byte for byte, and counted', async () => {
  const [pool, cluster] = [await freshDatabase(), testCluster()]
  await createTopics(cluster, [{ name: TOPICS.deadLetters, partitions: 4, replicationFactor: 1 }])
  const producer = new Producer(cluster)
  await producer.start([TOPICS.deadLetters])
  const cause = { reason: 'not-json', error: 'bad \0 text', consumerGroup: 'g', attempts: 1 } as const
  const values = { zero: Buffer.from('a\0b'), binary: Buffer.from([0xff, 0x00, 0xfe]) }
  const places: Record<string, string> = {}
  for (const [name, value] of Object.entries(values)) {
    const { partition, offset } = await producer.send(
      deadLetterRecord(consumedRecord({ topic: 'sms.delivery', offset: 1, key: 'key', value }), cause, Date.now()),
    )
    places[name] = `${partition}-${offset}`
  }
  const noDeadLetter = await producer.send({ topic: TOPICS.deadLetters, key: 'x', value: 'no dead letter' })
  places.none = `${noDeadLetter.partition}-${noDeadLetter.offset}`
  const metrics = new Metrics()
  const keeper = new DeadLetterKeeper({
    settings: readSettings(dlqSettings, { DLQ_SAMPLE_MS: '500' }),
    instanceId: null,
    pool,
    cluster,
    health: new Health(),
    metrics,
    log: createLog('test', 'error'),
  })
  onTestFinished(async () => {
    await keeper.stop()
    await producer.close()
  })
  await keeper.start()
  const ids = await eventually(
    'all dead letters are listed',
    async () => (await listAll(pool, { state: 'open' })).map(({ id }) => id),
    (found) => Object.values(places).every((id) => found.includes(id)),
  )
  expect(ids).toEqual(expect.arrayContaining(Object.values(places)))
  const show = (name: string) => showDeadLetter(pool, parseDeadLetterId(places[name]!))
  expect(await show('zero')).toMatchObject({
    value: 'a\0b',
    error: 'bad   text',
    original: { topic: 'sms.delivery', offset: 1 },
  })
  expect(await show('binary')).toMatchObject({ value: values.binary.toString('base64'), key: 'key', redrives: 0 })
  expect(await show('none')).toMatchObject({ reason: 'not-json', original: { topic: TOPICS.deadLetters } })
  const counted = await eventually(
    'the gauge counts the dead letter',
    async () => await metrics.registry.metrics(),
    (text) => /smsgw_dlq_records\{reason="not-json"\} [1-9]/.test(text),
  )
  expect(counted).toMatch(/smsgw_dlq_records\{reason="not-json"\} [1-9]/)
  expect(counted).toMatch(/smsgw_dlq_oldest_age_seconds [0-9.]+/)
})

import { expect, test } from 'vitest'
import { readSettings } from '../../runtime/settings.ts'
import type { Partition } from '../../tables/drop-partition.ts'
import { DAY_MS, PARTITIONED_TABLES } from '../../tables/partitioned-tables.ts'
import { retentionSettings } from './config.ts'
import { daysDetached, daysToClose, duePartitions, overdueMs } from './due-partitions.ts'

const settings = readSettings(retentionSettings, { RETENTION_MESSAGES_DAYS: '50', RETENTION_ATTEMPTS_DAYS: '40' })
const NOW_MS = Date.parse('2026-11-30T12:00:00Z')
const daysAgo = (days: number): number => Date.parse('2026-11-30T00:00:00Z') - days * DAY_MS

const ofDay = (dayStartMs: number, but: readonly string[] = []): Partition[] =>
  PARTITIONED_TABLES.filter(({ name }) => !but.includes(name)).map(({ name }) => {
    return { table: name, name: `${name}_x`, dayStartMs, state: 'attached' }
  })
const due = (days: number, isClosed: boolean, but: readonly string[] = []): string[] =>
  duePartitions(ofDay(daysAgo(days), but), settings, NOW_MS, new Set(isClosed ? [daysAgo(days)] : [])).map(
    ({ table }) => table,
  )

test('each table goes by its own setting, counted from the last row of the day', () => {
  expect(due(3, false)).toEqual([])
  expect(due(4, false)).toEqual(['idempotency'])
  expect(due(40, true)).toEqual(['idempotency'])
  expect(due(41, true)).toEqual(['attempts', 'attempt_parts', 'idempotency'])
  expect(due(51, true)).toEqual(['messages', 'attempts', 'attempt_parts', 'idempotency'])
})

test('the ledger is kept as long as messages and attempts, however short its own setting', () => {
  const short = { ...settings, RETENTION_LEDGER_DAYS: 1 }
  const ledger = (days: number): Partition[] => [
    { table: 'ledger', name: 'ledger_x', dayStartMs: daysAgo(days), state: 'attached' },
  ]
  // No message is refused a redrive, or called overdue, because of the ledger's retention alone.
  expect(daysToClose(ledger(50), short, NOW_MS)).toEqual([])
  expect(daysToClose(ledger(51), short, NOW_MS)).toEqual([daysAgo(51)])
  expect(duePartitions(ledger(50), short, NOW_MS, new Set([daysAgo(50)]))).toEqual([])
  expect(duePartitions(ledger(51), short, NOW_MS, new Set([daysAgo(51)]))).toEqual(ledger(51))
})

test('a state is never dropped before its message, whatever order the partitions come in', () => {
  const day = daysAgo(500)
  const closed = new Set([day])
  for (const partitions of [ofDay(day), ofDay(day).reverse()]) {
    expect(duePartitions(partitions, settings, NOW_MS, closed).map(({ table }) => table)).not.toContain(
      'message_states',
    )
  }
  expect(due(500, true, ['messages'])).toContain('message_states')
  // Also while the messages are detached and not dropped: the process that continues has the same order.
  const detached = ofDay(day).map(
    (each): Partition => (each.table === 'messages' ? { ...each, state: 'detached' } : each),
  )
  expect(duePartitions(detached, settings, NOW_MS, closed).map(({ table }) => table)).not.toContain('message_states')
})

test('a table whose detaching is pending is left out, and its neighbours are not', () => {
  const pending = ofDay(daysAgo(600), ['messages']).map((each): Partition => {
    return each.table === 'attempts' ? { ...each, state: 'detaching' } : each
  })
  const partitions = [...pending, ...ofDay(daysAgo(500))]
  const days = new Set([daysAgo(600), daysAgo(500)])
  const tables = duePartitions(partitions, settings, NOW_MS, days).map(({ table }) => table)
  expect(tables).not.toContain('attempts')
  expect(tables.filter((table) => table === 'attempt_parts')).toHaveLength(2)
})

test('nothing of a day of messages goes before the day is closed, and its ledger last', () => {
  expect(due(500, false)).toEqual(['idempotency'])
  expect(due(500, true)).not.toContain('ledger')
  const others = ['messages', 'message_states', 'attempts', 'attempt_parts']
  expect(due(500, true, others)).toEqual(['ledger', 'idempotency'])
  expect(due(500, true, others.slice(1))).not.toContain('ledger')
})

test('a day is closed for the first of its tables', () => {
  const days = [300, 41, 40].map(daysAgo)
  expect(
    daysToClose(
      days.flatMap((day) => ofDay(day)),
      settings,
      NOW_MS,
    ),
  ).toEqual(days.slice(0, 2))
})

test('days are to be closed oldest first, each once, from the moment that a retention ends', () => {
  const days = [daysAgo(70), daysAgo(60), daysAgo(80)]
  const partitions = days.flatMap((day) => ofDay(day))
  expect(daysToClose(partitions, settings, NOW_MS)).toEqual([daysAgo(80), daysAgo(70), daysAgo(60)])
  const [messages] = ofDay(daysAgo(9)).filter(({ table }) => table === 'messages')
  const endMs = daysAgo(9) + DAY_MS + 50 * DAY_MS
  expect(overdueMs(messages!, settings, endMs)).toBe(0)
  expect(daysToClose([messages!], settings, endMs - 1)).toEqual([])
  expect(daysToClose([messages!], settings, endMs)).toEqual([daysAgo(9)])
  expect(duePartitions([messages!], settings, endMs - 1, new Set([daysAgo(9)]))).toEqual([])
  expect(duePartitions([messages!], settings, endMs, new Set([daysAgo(9)]))).toEqual([messages])
})

test('a table without a retention by days is never overdue', () => {
  for (const table of ['customers', 'no_such_table']) {
    const partition: Partition = { table, name: `${table}_x`, dayStartMs: 0, state: 'attached' }
    expect(overdueMs(partition, settings, NOW_MS)).toBe(Number.NEGATIVE_INFINITY)
  }
})

test('days of which a partition of messages is detached are known, and those of other tables are not', () => {
  const of = (table: string, days: number, state: Partition['state']): Partition => {
    return { table, name: `${table}_${days}`, dayStartMs: daysAgo(days), state }
  }
  const partitions = [
    ...[of('messages', 1, 'attached'), of('messages', 2, 'detached'), of('attempts', 3, 'detaching')],
    ...[of('idempotency', 4, 'detached'), of('ledger', 2, 'detached')],
  ]
  expect(daysDetached(partitions)).toEqual(new Set([daysAgo(2), daysAgo(3)]))
})

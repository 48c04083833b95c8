import { expect, test } from 'vitest'
import type { Partition } from '../../postgres/drop-partition.ts'
import { DAY_MS, PARTITIONED_TABLES } from '../../postgres/partitioned-tables.ts'
import { readSettings } from '../../runtime/settings.ts'
import { retentionSettings } from './config.ts'
import { daysToClose, duePartitions } from './due-partitions.ts'

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
  expect(due(51, true)).toEqual(['messages', 'message_states', 'attempts', 'attempt_parts', 'idempotency'])
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

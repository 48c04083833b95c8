import { expect, test } from 'vitest'
import { readSettings } from '../../runtime/settings.ts'
import { retentionSettings } from '../retention/config.ts'
import { BROKER_SETTINGS, GONE_IN_KAFKA_4, settingsFor } from './broker-settings.ts'
import { checkBroker } from './check-brokers.ts'
import { checkDatabase } from './check-database.ts'
import { checkRetention } from './check-retention.ts'
import { exitCodeOf } from './finding.ts'

const entriesOf = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, isSetOnTopic: false, isDefault: false }))

const asWanted = Object.fromEntries(BROKER_SETTINGS.map(({ name, value }) => [name, value]))

test('a broker as it should be is well, and one that is not is told what that does and what to do', () => {
  expect(exitCodeOf(checkBroker(1, entriesOf(asWanted), 3))).toBe(0)
  const slow = checkBroker(1, entriesOf({ ...asWanted, 'num.io.threads': '8' }), 3)
  expect(slow.filter(({ level }) => level !== 'ok')).toEqual([
    {
      of: 'kafka 1',
      level: 'warning',
      what: 'num.io.threads = 8; it should be 16',
      advice: expect.stringMatching(/requests queue.*Set num\.io\.threads=16 in server\.properties/),
    },
  ])
  expect(exitCodeOf(slow)).toBe(2)
  const unsafe = checkBroker(1, entriesOf({ ...asWanted, 'unclean.leader.election.enable': 'true' }), 3)
  expect(exitCodeOf(unsafe)).toBe(1)
})

test('retention counts by whichever of its names is set, the finest first', () => {
  const retention = (values: Record<string, string>) =>
    checkBroker(1, entriesOf({ ...asWanted, ...values }), 3).find(({ what }) => what.startsWith('log.retention.hours'))
  expect(retention({ 'log.retention.ms': '604800000', 'log.retention.hours': '1' })?.level).toBe('ok')
  expect(retention({ 'log.retention.minutes': '60' })?.what).toContain('= 1; it should be 168')
})

test('a single broker is not asked for copies that it cannot have', () => {
  const wanted = new Map(settingsFor(1).map(({ name, value }) => [name, value]))
  expect([wanted.get('default.replication.factor'), wanted.get('min.insync.replicas')]).toEqual(['1', '1'])
  const gone = GONE_IN_KAFKA_4.map(({ name }) => name)
  expect(BROKER_SETTINGS.filter(({ name }) => gone.includes(name))).toEqual([])
})

test('a database that may lose messages is a fault', () => {
  const settings = {
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    autovacuum: 'on',
    wal_level: 'replica',
    max_wal_size: '4096',
    max_connections: '200',
  }
  const levelOf = (values: Record<string, string>, facts = {}) => {
    const read = { connections: 20, isStandby: false, clockSkewMs: 3, clockErrorMs: 2, ...facts }
    return exitCodeOf(checkDatabase({ settings: new Map(Object.entries({ ...settings, ...values })), ...read }, 12))
  }
  expect(levelOf({})).toBe(0)
  expect(levelOf({ fsync: 'off' })).toBe(1)
  expect(levelOf({ synchronous_commit: 'off' })).toBe(1)
  expect(levelOf({ max_wal_size: '64' })).toBe(2)
  expect(levelOf({ max_connections: '30' })).toBe(2)
  expect(levelOf({}, { isStandby: true })).toBe(1)
  expect(levelOf({}, { clockSkewMs: -5_000 })).toBe(2)
  expect(levelOf({}, { clockSkewMs: 5_000, clockErrorMs: 4_500 })).toBe(0)
})

test('days that are kept beyond their retention are named, with the messages that hold them', () => {
  const settings = readSettings(retentionSettings, {})
  const nowMs = Date.parse('2026-11-30T12:00:00Z')
  const partition = (table: string, day: string) =>
    ({ table, name: `${table}_${day.replaceAll('-', '')}`, dayStartMs: Date.parse(day), state: 'attached' }) as const
  const young = [partition('messages', '2026-10-17'), partition('idempotency', '2026-11-27')]
  expect(exitCodeOf(checkRetention({ partitions: young, held: [], nowMs }, settings))).toBe(0)
  const old = [partition('messages', '2026-10-10'), ...young]
  const held = [{ day: '2026-10-10', openMessages: 2, first: 77 }]
  const findings = checkRetention({ partitions: old, held, nowMs }, settings)
  expect(findings.map(({ level, what }) => [level, what])).toEqual([
    ['warning', '2 messages of 2026-10-10 are not final although their retention has ended, the first is 77'],
    ['warning', '1 partitions of messages ought to be dropped, the oldest for 5 days'],
  ])
})

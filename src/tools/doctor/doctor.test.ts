import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokerProperties } from '../../embedded/kafka/broker-properties.ts'
import type { ConfigEntry } from '../../kafka/admin/describe-configs.ts'
import { BROKER_SETTINGS, GONE_IN_KAFKA_4, settingsFor } from '../../kafka/brokers/broker-settings.ts'
import { retentionSettings } from '../../monitor/retention/config.ts'
import { readSettings } from '../../runtime/settings.ts'
import { checkBroker } from './check-brokers.ts'
import { checkDatabase } from './check-database.ts'
import { checkRetention } from './check-retention.ts'
import { exitCodeOf } from './finding.ts'
import { poolSteps } from './mend-setting.ts'

const entriesOf = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => {
    return { name, value, isSetOnTopic: false, isSetOnBroker: false, isDefault: false }
  })
const broker = (entries: readonly ConfigEntry[]) => ({ nodeId: 1, address: 'kafka-1:9092', entries })
const check = (values: Record<string, string>, brokers = 3) => checkBroker(broker(entriesOf(values)), brokers)

const asWanted = Object.fromEntries(BROKER_SETTINGS.map(({ name, value }) => [name, value]))

test('a broker as it should be passes; for any other the finding names effect and remedy', () => {
  expect(exitCodeOf(check(asWanted))).toBe(0)
  const slow = check({ ...asWanted, 'num.io.threads': '8' })
  expect(slow.filter(({ level }) => level !== 'ok')).toEqual([
    {
      of: 'kafka 1',
      level: 'warning',
      what: 'num.io.threads = 8; it should be 16',
      advice: expect.stringMatching(/requests queue.*The commands change it for all brokers/),
      commands: [
        'kafka-configs.sh --bootstrap-server kafka-1:9092 --entity-type brokers --entity-default --alter --add-config num.io.threads=16',
      ],
    },
  ])
  expect(exitCodeOf(slow)).toBe(2)
  const unsafe = check({ ...asWanted, 'unclean.leader.election.enable': 'true' })
  expect(exitCodeOf(unsafe)).toBe(1)
})

test('retention counts by whichever of its names is set, the finest first', () => {
  const retention = (values: Record<string, string>) =>
    check({ ...asWanted, ...values }).find(({ what }) => what.startsWith('log.retention.hours'))
  expect(retention({ 'log.retention.ms': '604800000', 'log.retention.hours': '1' })?.level).toBe('ok')
  expect(retention({ 'log.retention.minutes': '60' })?.what).toContain('= 1; it should be 168')
})

test('every setting has a mend: in steps that Kafka takes, without what would go before it, or by a restart', () => {
  for (const { name } of BROKER_SETTINGS) {
    const [finding] = check({ ...asWanted, [name]: '1' }).filter(({ level }) => level !== 'ok')
    expect(finding!.what, name).toMatch(new RegExp(`^${name} = 1; it should be `))
    expect(finding!.commands!.length, name).toBeGreaterThan(0)
    expect(finding!.commands!.join(), name).toMatch(
      /^(kafka-configs\.sh --bootstrap-server kafka-1:9092|kubectl patch) /,
    )
  }
  const altered = (values: Record<string, string>, name: string) => {
    const finding = check({ ...asWanted, ...values }).find(({ what }) => what.startsWith(name))!
    return finding.commands!.map((command) => command.split('--alter ')[1])
  }
  expect(altered({ 'num.network.threads': '3' }, 'num.network.threads')).toEqual([
    '--add-config num.network.threads=6',
    '--add-config num.network.threads=8',
  ])
  expect(altered({ 'log.retention.ms': '3600000' }, 'log.retention')).toEqual([
    '--add-config log.retention.ms=604800000',
  ])
  const own = entriesOf({ ...asWanted, 'min.insync.replicas': '1' }).map((entry) => {
    return { ...entry, isSetOnBroker: entry.name === 'min.insync.replicas' }
  })
  const [finding] = checkBroker(broker(own), 3).filter(({ level }) => level !== 'ok')
  expect(finding!.commands!.map((command) => command.split('--entity-type brokers ')[1])).toEqual([
    '--entity-name 1 --alter --delete-config min.insync.replicas',
    '--entity-default --alter --add-config min.insync.replicas=2',
  ])
})

test('no step changes a pool of threads by more than Kafka allows, and the last is the size wanted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (from, to) => {
      let size = from
      for (const step of poolSteps(from, to).map(Number)) {
        expect(step).toBeLessThanOrEqual(size * 2)
        expect(step).toBeGreaterThanOrEqual(size / 2)
        size = step
      }
      expect(size).toBe(to)
    }),
  )
})

test('brokers that run here have every setting that doctor asks for, on one as on three', () => {
  for (const count of [1, 3]) {
    const all = Array.from({ length: count }, (_, index) => {
      return { nodeId: index + 1, clientPort: 9_092 + index, controllerPort: 9_192 + index }
    })
    const properties = brokerProperties(all[0]!, all, '/data', null)
    const values = properties
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/=(.*)/).slice(0, 2))
    expect(exitCodeOf(check(Object.fromEntries(values), count))).toBe(0)
  }
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

import { expect, test } from 'vitest'
import { refuseUnfitServers } from './refuse-unfit-servers.ts'

test('servers that are started here do not go with brokers that encrypt', () => {
  const brokers = { KAFKA_BROKERS: 'kafka-1:9093', KAFKA_TLS: 'on' } as const
  expect(() => refuseUnfitServers(brokers, '')).toThrow('set CLICKHOUSE_URL to a ClickHouse server')
  expect(() => refuseUnfitServers({ ...brokers, KAFKA_BROKERS: '' }, 'http://ch:8123')).toThrow(
    'KAFKA_BROKERS names no brokers',
  )
  refuseUnfitServers(brokers, 'http://ch:8123')
  refuseUnfitServers({ KAFKA_BROKERS: '', KAFKA_TLS: 'off' }, '')
})

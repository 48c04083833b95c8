import { expect, test } from 'vitest'
import { defaultsOf, type EmbeddedServers } from './embedded-servers.ts'

const SERVERS: EmbeddedServers = {
  addresses: { kafka: '', database: '', clickhouse: '' },
  kafkaLogin: {},
  databaseForRoles: '',
  hasOwnClickHouse: true,
  servers: [],
  stop: async () => {},
}

test('a ClickHouse that shares the cores of this machine reads with one or two consumers; one elsewhere as its setting says', () => {
  const consumers = (cores: number) => defaultsOf(SERVERS, cores).CLICKHOUSE_CONSUMERS
  expect([1, 2, 4, 8, 64].map(consumers)).toEqual(['1', '1', '1', '2', '2'])
  expect(defaultsOf({ ...SERVERS, hasOwnClickHouse: false }, 64)).toEqual({})
})

import { createClickHouse } from '../../clickhouse/clickhouse-client.ts'
import type { clickhouseSettings } from '../../clickhouse/config.ts'
import { readPhone } from '../../domain/phone.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Service } from '../../runtime/service.ts'
import { ConfigurationError, type Values } from '../../runtime/settings.ts'
import { Canary } from './canary.ts'
import type { canarySettings } from './config.ts'
import { readAnalyticsMessage } from './read-analytics-message.ts'

export interface CanaryServiceParts {
  readonly settings: Values<typeof canarySettings>
  readonly clickhouse: Values<typeof clickhouseSettings>
  /** Where the API on this machine listens. */
  readonly localPort: number
  readonly metrics: Metrics
  readonly log: Log
}

/** The canary as it is configured; null without a key. Asks ClickHouse too where one is named. */
export function createCanary({ settings, clickhouse, localPort, metrics, log }: CanaryServiceParts): Service | null {
  const { CANARY_API_KEY: apiKey } = settings
  if (apiKey === '') return null
  const phone = phoneOf(settings.CANARY_PHONE)
  const client = clickhouse.CLICKHOUSE_URL === '' ? null : createClickHouse(clickhouse)
  const countStatuses =
    client && (async (smsId: number) => (await readAnalyticsMessage(client, smsId))?.statuses.length ?? 0)
  const api = settings.CANARY_API || `http://127.0.0.1:${localPort}`
  const route = { api, apiKey, phone, timeoutMs: settings.CANARY_TIMEOUT_MS, countStatuses }
  const canary = new Canary({ route, intervalMs: settings.CANARY_INTERVAL_MS, metrics, log })
  return {
    name: canary.name,
    start: () => canary.start(),
    stop: async () => {
      await canary.stop()
      await client?.close()
    },
  }
}

/** Throws ConfigurationError. */
function phoneOf(text: string): string {
  if (text === '') throw new ConfigurationError(['CANARY_PHONE is not set; CANARY_API_KEY needs it'])
  const read = readPhone(text)
  if ('fault' in read) throw new ConfigurationError([`CANARY_PHONE ${read.fault}`])
  return read.phone
}

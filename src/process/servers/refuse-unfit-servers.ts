import { ConfigurationError } from '../../runtime/settings.ts'
import type { GatewaySettings } from '../settings.ts'

/**
 * Servers that are started here do not encrypt, and the embedded ClickHouse cannot (docs/decisions/0004). Throws
 * ConfigurationError when settings ask for both at once.
 */
export function refuseUnfitServers(
  gateway: Pick<GatewaySettings, 'KAFKA_BROKERS' | 'KAFKA_TLS'>,
  clickhouseUrl: string,
): void {
  if (gateway.KAFKA_TLS === 'off') return
  const faults: string[] = []
  if (gateway.KAFKA_BROKERS === '') {
    faults.push('KAFKA_TLS is on, and KAFKA_BROKERS names no brokers; those started here do not encrypt')
  }
  if (clickhouseUrl === '') {
    faults.push(
      'KAFKA_TLS is on, and the ClickHouse that is started here can only read brokers that do not encrypt; ' +
        'set CLICKHOUSE_URL to a ClickHouse server, whose configuration names the authorities of the brokers',
    )
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
}

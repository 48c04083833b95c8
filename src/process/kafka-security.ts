import { readFileSync } from 'node:fs'
import type { KafkaLogin } from '../analytics/kafka-tables.ts'
import type { ClusterOptions } from '../kafka/cluster/cluster.ts'
import { ConfigurationError } from '../runtime/settings.ts'
import type { GatewaySettings } from './settings.ts'

type SecuritySettings = Pick<
  GatewaySettings,
  Extract<keyof GatewaySettings, 'KAFKA_BROKERS' | `KAFKA_TLS${string}` | `KAFKA_SASL${string}`>
>

interface Security {
  readonly tls: Readonly<Record<'ca' | 'cert' | 'key', string | undefined>> | null
  readonly account: KafkaLogin['account']
}

/**
 * How connections to Kafka are encrypted and log in, from KAFKA_TLS_* and KAFKA_SASL_*. A password is never sent in the
 * clear over a network: logging in needs TLS, unless all brokers are on this machine. Throws ConfigurationError that names all that does not fit together.
 */
export function kafkaSecurity(settings: SecuritySettings): Pick<ClusterOptions, 'tls' | 'sasl'> {
  const { tls, account } = readSecurity(settings)
  return { ...(tls ? { tls } : {}), ...(account ? { sasl: account } : {}) }
}

/** The same for ClickHouse, which reads Kafka by itself. Throws as `kafkaSecurity` does. */
export function kafkaLogin(settings: SecuritySettings): KafkaLogin {
  const { tls, account } = readSecurity(settings)
  return { isEncrypted: tls !== null, account }
}

function readSecurity(settings: SecuritySettings): Security {
  const faults: string[] = []
  const read = (name: keyof SecuritySettings): string | undefined => {
    const path = settings[name]
    if (path === '') return undefined
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      faults.push(`${name} cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }
  const ca = read('KAFKA_TLS_CA_FILE')
  const cert = read('KAFKA_TLS_CERT_FILE')
  const key = read('KAFKA_TLS_KEY_FILE')
  const username = settings.KAFKA_SASL_USERNAME
  const password = read('KAFKA_SASL_PASSWORD_FILE')?.trimEnd() ?? settings.KAFKA_SASL_PASSWORD
  const isEncrypted = settings.KAFKA_TLS === 'on'
  const mechanism = settings.KAFKA_SASL_MECHANISM
  if (!isEncrypted && (ca ?? cert ?? key) !== undefined) faults.push('KAFKA_TLS is off, and files for it are named')
  if ((cert === undefined) !== (key === undefined))
    faults.push('KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE go together')
  if (mechanism !== 'none') {
    if (!isEncrypted && !isLocal(settings.KAFKA_BROKERS)) {
      faults.push('KAFKA_SASL_MECHANISM needs KAFKA_TLS=on: a login in the clear can be overheard')
    }
    if (username === '') faults.push('KAFKA_SASL_USERNAME is empty, and KAFKA_SASL_MECHANISM needs it')
    if (password === '') faults.push('KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE is needed')
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
  return {
    tls: isEncrypted ? { ca, cert, key } : null,
    account: mechanism === 'none' ? null : { mechanism, username, password },
  }
}

function isLocal(brokers: string): boolean {
  return brokers.split(',').every((address) => /^(127\.0\.0\.1|localhost|\[::1\]):/.test(address))
}

import type { ConfigEntry } from '../../kafka/admin/describe-configs.ts'
import { settingsFor } from './broker-settings.ts'
import type { Finding } from './finding.ts'

const MS_PER_HOUR = 3_600_000
const MS_PER_MINUTE = 60_000

/**
 * Compares the settings of a broker with what they ought to be in a cluster of so many, a finding for each. A broker's
 * own value counts, wherever it comes from: what is set while it runs goes before its file.
 */
export function checkBroker(nodeId: number, entries: readonly ConfigEntry[], brokers: number): Finding[] {
  const values = new Map(entries.map(({ name, value }) => [name, value]))
  const defaults = new Set(entries.filter(({ isDefault }) => isDefault).map(({ name }) => name))
  const of = `kafka ${nodeId}`
  return settingsFor(brokers).map(({ name, value: wanted, does, isSafety }): Finding => {
    const actual = name === 'log.retention.hours' ? retentionHours(values) : (values.get(name) ?? '')
    if (actual === wanted) return { of, level: 'ok', what: `${name} = ${wanted}`, advice: '' }
    const from = defaults.has(name) ? ', which is Kafka’s default' : ''
    return {
      of,
      level: isSafety ? 'fault' : 'warning',
      what: `${name} = ${actual || '(not told)'}${from}; it should be ${wanted}`,
      advice: `${does} ${remedy(name, wanted)}`,
    }
  })
}

/** Retention in hours from whichever of its three names is set; the finest wins, as in the broker. */
function retentionHours(values: ReadonlyMap<string, string>): string {
  const [ms, minutes] = [values.get('log.retention.ms'), values.get('log.retention.minutes')]
  if (ms) return String(Number(ms) / MS_PER_HOUR)
  if (minutes) return String((Number(minutes) * MS_PER_MINUTE) / MS_PER_HOUR)
  return values.get('log.retention.hours') ?? ''
}

function remedy(name: string, wanted: string): string {
  if (name === 'min.insync.replicas') {
    return (
      `Set it for the whole cluster, not on a broker: kafka-configs --entity-type brokers --entity-default --alter ` +
      `--add-config ${name}=${wanted}.`
    )
  }
  return `Set ${name}=${wanted} in server.properties (deploy/kafka) and restart the brokers one after another.`
}

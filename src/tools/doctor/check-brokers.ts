import type { ConfigEntry } from '../../kafka/admin/describe-configs.ts'
import { settingsFor } from '../../kafka/brokers/broker-settings.ts'
import type { Finding } from './finding.ts'
import { type Deviation, mendSetting } from './mend-setting.ts'

const MS_PER_HOUR = 3_600_000
const MS_PER_MINUTE = 60_000
/** Older names of a retention; each goes before `log.retention.hours`, as in the broker. */
const FINER_RETENTIONS = ['log.retention.ms', 'log.retention.minutes']

export interface ExaminedBroker {
  readonly nodeId: number
  /** Where clients reach it, as `host:port`. */
  readonly address: string
  readonly entries: readonly ConfigEntry[]
}

/**
 * Compares the settings of a broker with what they ought to be in a cluster of so many, a finding for each. A broker's
 * own value counts, wherever it comes from: what is set while it runs goes before its file.
 */
export function checkBroker({ nodeId, address, entries }: ExaminedBroker, brokers: number): Finding[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const of = `kafka ${nodeId}`
  return settingsFor(brokers).map((setting): Finding => {
    const { name, value: wanted, does, isSafety } = setting
    const actual = name === 'log.retention.hours' ? retentionHours(byName) : (byName.get(name)?.value ?? '')
    if (actual === wanted) return { of, level: 'ok', what: `${name} = ${wanted}`, advice: '' }
    const from = byName.get(name)?.isDefault ? ', which is Kafka’s default' : ''
    const ownNames = [name, ...(name === 'log.retention.hours' ? FINER_RETENTIONS : [])]
    const setOnBroker = ownNames.filter((each) => byName.get(each)?.isSetOnBroker)
    const deviation: Deviation = { setting, actual, nodeId, address, setOnBroker }
    const { advice, commands } = mendSetting(deviation)
    return {
      of,
      level: isSafety ? 'fault' : 'warning',
      what: `${name} = ${actual || '(not reported)'}${from}; it should be ${wanted}`,
      advice: `${does} ${advice}`,
      commands,
    }
  })
}

/** Retention in hours from whichever of its three names is set; the finest wins, as in the broker. */
function retentionHours(byName: ReadonlyMap<string, ConfigEntry>): string {
  const [ms, minutes] = FINER_RETENTIONS.map((name) => byName.get(name)?.value)
  if (ms) return String(Number(ms) / MS_PER_HOUR)
  if (minutes) return String((Number(minutes) * MS_PER_MINUTE) / MS_PER_HOUR)
  return byName.get('log.retention.hours')?.value ?? ''
}

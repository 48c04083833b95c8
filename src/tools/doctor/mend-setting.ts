import type { BrokerSetting } from '../../kafka/brokers/broker-settings.ts'

/** A setting of a broker that is not as it should be. */
export interface Deviation {
  readonly setting: BrokerSetting
  /** Empty when the broker does not report it. */
  readonly actual: string
  readonly nodeId: number
  readonly address: string
  /** The names by which the value is set for this broker alone. */
  readonly setOnBroker: readonly string[]
}

const MS_PER_HOUR = 3_600_000
/** Kafka refuses to change a pool of threads by more than this factor at once, up or down. */
const POOL_FACTOR_MAX = 2

/** How to put a setting right: a sentence, and the commands, to run one after another. */
export function mendSetting(deviation: Deviation): { readonly advice: string; readonly commands: readonly string[] } {
  const { setting } = deviation
  const { name, value, change } = setting
  if (change === 'by a restart') {
    const patch = JSON.stringify({ spec: { kafka: { config: { [name]: value } } } })
    return {
      advice:
        `Brokers read it when they start: set ${name}=${value} in server.properties (deploy/kafka has one) and restart ` +
        'them one after another. Those of `smsgw up` take it when that is restarted; with Strimzi the command does it.',
      commands: [`kubectl patch kafka smsgw --type merge -p '${patch}'`],
    }
  }
  const steps = change === 'in steps' ? poolSteps(Number(deviation.actual), Number(value)) : [value]
  return {
    advice: 'The commands change it for all brokers while they run, and it survives their restart.',
    commands: [...removals(deviation), ...steps.map((step) => alteration(deviation, assignment(name, step)))],
  }
}

/** What is set for one broker alone would go before what is set for all. */
function removals({ setOnBroker, nodeId, address }: Deviation): string[] {
  return setOnBroker.map((name) => `${tool(address)} --entity-name ${nodeId} --alter --delete-config ${name}`)
}

function alteration({ address }: Deviation, change: string): string {
  return `${tool(address)} --entity-default --alter --add-config ${change}`
}

function tool(address: string): string {
  return `kafka-configs.sh --bootstrap-server ${address} --entity-type brokers`
}

/** Of the names of the retention, only the one in milliseconds can be changed while brokers run. */
function assignment(name: string, value: string): string {
  return name === 'log.retention.hours' ? `log.retention.ms=${Number(value) * MS_PER_HOUR}` : `${name}=${value}`
}

/** The sizes on the way to the wanted one, itself included. */
export function poolSteps(from: number, to: number): string[] {
  const steps: string[] = []
  // A size that is not known may be anything; the last step alone is then the best guess.
  for (let size = from > 0 ? from : to; size !== to; ) {
    size = size < to ? Math.min(to, size * POOL_FACTOR_MAX) : Math.max(to, Math.ceil(size / POOL_FACTOR_MAX))
    steps.push(String(size))
  }
  return steps.length > 0 ? steps : [String(to)]
}

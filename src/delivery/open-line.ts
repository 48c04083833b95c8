import type { OperatorConfig } from '../operators/operator-schema.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Connector, ConnectorEvents } from './connectors/connector.ts'
import { openSmppConnector } from './connectors/smpp/open-smpp-connector.ts'
import type { SmppObserver } from './connectors/smpp/smpp-observer.ts'
import type { OperatorLine } from './deliver-task.ts'
import { OperatorQueue } from './operator-queue.ts'

class OperatorAddressError extends ExpectedError {
  override readonly name = 'OperatorAddressError'
}

/**
 * The line to an operator, not yet started. Throws OperatorAddressError for one that is to be embedded when nothing was
 * started for it.
 */
export function openLine(
  name: string,
  config: OperatorConfig,
  simulatorAddress: string,
  receipt: ConnectorEvents['receipt'],
  observeSmpp: (operator: string) => SmppObserver,
): OperatorLine {
  // A line that becomes ready serves what waited for it.
  const readyChanged = (ready: boolean): void => {
    if (ready) queue.pump()
  }
  const connector = openConnector(name, config, simulatorAddress, { receipt, readyChanged }, observeSmpp)
  const queue = new OperatorQueue(connector, config.window)
  return {
    name,
    connector,
    queue,
    responseTimeoutMs: config.response_timeout_ms,
    onAmbiguous: config.on_ambiguous,
  }
}

function openConnector(
  name: string,
  config: OperatorConfig,
  simulatorAddress: string,
  events: ConnectorEvents,
  observeSmpp: (operator: string) => SmppObserver,
): Connector {
  const { window, response_timeout_ms: responseTimeoutMs } = config
  const { address: given } = config.smpp
  const address = typeof given === 'string' ? addressOf(name, given, simulatorAddress) : given
  const operator = { name, settings: { ...config.smpp, address }, window, responseTimeoutMs }
  return openSmppConnector(operator, events, observeSmpp(name), process.env)
}

function addressOf(name: string, address: string, simulatorAddress: string): string {
  if (address !== 'embedded') return address
  if (simulatorAddress !== '') return simulatorAddress
  throw new OperatorAddressError(
    `operator "${name}" has the address \`embedded\`, and SIMULATOR_ADDRESS does not say where the simulator is. ` +
      'Start it with `smsgw smsc` and set SIMULATOR_ADDRESS=host:port, or write the address into the file.',
  )
}

import type { OperatorConfig } from '../operators/operator-schema.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Connector, ConnectorEvents } from './connectors/connector.ts'
import { openSmppConnector } from './connectors/smpp/open-smpp-connector.ts'
import type { SmppObserver } from './connectors/smpp/smpp-observer.ts'
import { OperatorLine, type OperatorLineOptions } from './operator-line.ts'

class OperatorAddressError extends ExpectedError {
  override readonly name = 'OperatorAddressError'
}

export interface LineEvents extends Pick<OperatorLineOptions, 'breakerChanged'> {
  readonly receipt: ConnectorEvents['receipt']
  readonly observeSmpp: (operator: string) => SmppObserver
}

/**
 * The line to an operator, not yet started. Throws OperatorAddressError for one that is to be embedded when nothing was
 * started for it.
 */
export function openLine(
  name: string,
  config: OperatorConfig,
  simulatorAddress: string,
  { receipt, breakerChanged, observeSmpp }: LineEvents,
): OperatorLine {
  const options: OperatorLineOptions = {
    name,
    window: config.window,
    responseTimeoutMs: config.response_timeout_ms,
    onAmbiguous: config.on_ambiguous,
    receipt,
    breakerChanged,
  }
  return new OperatorLine(options, (events) => openConnector(name, config, simulatorAddress, events, observeSmpp))
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

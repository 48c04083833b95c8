import type { OperatorConfig } from '../operators/operator-schema.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Connector, ConnectorEvents } from './connectors/connector.ts'
import { SimulatorConnector } from './connectors/simulator/simulator-connector.ts'
import { OperatorLine, type OperatorLineOptions } from './operator-line.ts'

class OperatorAddressError extends ExpectedError {
  override readonly name = 'OperatorAddressError'
}

export interface LineEvents extends Pick<OperatorLineOptions, 'breakerChanged'> {
  readonly receipt: ConnectorEvents['receipt']
}

/**
 * The line to an operator, not yet started. Throws OperatorAddressError for one that is to be embedded when nothing was
 * started for it.
 */
export function openLine(
  name: string,
  config: OperatorConfig,
  simulatorAddress: string,
  { receipt, breakerChanged }: LineEvents,
): OperatorLine {
  const options: OperatorLineOptions = {
    name,
    window: config.window,
    responseTimeoutMs: config.response_timeout_ms,
    onAmbiguous: config.on_ambiguous,
    receipt,
    breakerChanged,
  }
  return new OperatorLine(options, (events) => openConnector(name, config, simulatorAddress, events))
}

function openConnector(
  name: string,
  config: OperatorConfig,
  simulatorAddress: string,
  events: ConnectorEvents,
): Connector {
  const address = config.address === 'embedded' ? simulatorAddress : config.address
  if (address === '') {
    throw new OperatorAddressError(
      `operator "${name}" has the address \`embedded\`, and SIMULATOR_ADDRESS does not say where the simulator is. ` +
        'Start it with `smsgw simulator` and set SIMULATOR_ADDRESS=host:port, or write the address into the file.',
    )
  }
  const colon = address.lastIndexOf(':')
  return new SimulatorConnector(
    {
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      responseTimeoutMs: config.response_timeout_ms,
    },
    events,
  )
}

import { type OperatorConfig, type OperatorsFile, receiptTimeoutMs } from '../operators/operators-file.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Connector, ConnectorEvents } from './connectors/connector.ts'
import { SimulatorConnector } from './connectors/simulator/simulator-connector.ts'
import { OperatorLine, type OperatorLineOptions } from './operator-line.ts'

class OperatorAddressError extends ExpectedError {
  override readonly name = 'OperatorAddressError'
}

/**
 * The lines to all operators of the file, not yet started. `events` makes each line's listener.
 * Throws OperatorAddressError for an operator that is to be embedded when nothing was started for it.
 */
export function openLines(
  file: OperatorsFile,
  simulatorAddress: string,
  receipt: (operator: string) => ConnectorEvents['receipt'],
  breakerChanged: OperatorLineOptions['breakerChanged'],
): Map<string, OperatorLine> {
  const lines = new Map<string, OperatorLine>()
  for (const [name, config] of Object.entries(file.operators)) {
    const options: OperatorLineOptions = {
      name,
      window: config.window,
      responseTimeoutMs: config.response_timeout_ms,
      receiptTimeoutMs: receiptTimeoutMs(config),
      onAmbiguous: config.on_ambiguous,
      receipt: receipt(name),
      breakerChanged,
    }
    lines.set(name, new OperatorLine(options, (events) => openConnector(name, config, simulatorAddress, events)))
  }
  return lines
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

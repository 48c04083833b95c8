import type { OperatorConfig, OperatorsFile } from '../operators/operators-file.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Connector, ConnectorEvents } from './connectors/connector.ts'
import { SimulatorConnector } from './connectors/simulator/simulator-connector.ts'
import type { OperatorLine } from './deliver-task.ts'
import { OperatorQueue } from './operator-queue.ts'

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
): Map<string, OperatorLine> {
  const lines = new Map<string, OperatorLine>()
  for (const [name, config] of Object.entries(file.operators)) {
    // A line that becomes ready serves what waited for it.
    const readyChanged = (ready: boolean): void => {
      if (ready) lines.get(name)!.queue.pump()
    }
    const connector = openConnector(name, config, simulatorAddress, { receipt: receipt(name), readyChanged })
    lines.set(name, {
      name,
      connector,
      queue: new OperatorQueue(connector, config.window),
      responseTimeoutMs: config.response_timeout_ms,
      onAmbiguous: config.on_ambiguous,
    })
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
        'Start it with `smsgw smsc` and set SIMULATOR_ADDRESS=host:port, or write the address into the file.',
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

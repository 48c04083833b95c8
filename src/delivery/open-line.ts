import type { OperatorConfig } from '../operators/operator-schema.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { Connector, ConnectorEvents } from './connectors/connector.ts'
import { SimulatorConnector } from './connectors/simulator/simulator-connector.ts'
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
): OperatorLine {
  // A line that becomes ready serves what waited for it.
  const readyChanged = (ready: boolean): void => {
    if (ready) queue.pump()
  }
  const connector = openConnector(name, config, simulatorAddress, { receipt, readyChanged })
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
): Connector {
  switch (config.connector) {
    case 'simulator':
      return openSimulator(name, config, simulatorAddress, events)
  }
}

function openSimulator(
  name: string,
  config: Extract<OperatorConfig, { connector: 'simulator' }>,
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

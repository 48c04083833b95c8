import { connectorSettings, type OperatorConfig, resendRules } from '../../operators/operator-schema.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { IncomingMessage, OddReceipt, Receipt } from '../connectors/connector.ts'
import type { ConnectorHost, ConnectorKinds } from '../connectors/connector-kind.ts'
import { UnopenedConnector } from '../connectors/unopened-connector.ts'
import type { Gate, Reopened } from '../pace/gate.ts'
import type { BreakerState } from './circuit-breaker.ts'
import { OperatorConnection, type OperatorConnectionOptions } from './operator-connection.ts'

/** What operator connections are opened with. */
export interface ConnectionParts {
  readonly connectors: ConnectorKinds
  readonly host: ConnectorHost
  /** Takes a receipt of an operator; see `ConnectorEvents`. */
  readonly receipt: (operator: string, receipt: Receipt) => Promise<void>
  /** Stores a message from a subscriber; see `ConnectorEvents`. */
  readonly incoming: (operator: string, message: IncomingMessage) => Promise<void>
  readonly oddReceipt: (operator: string, odd: OddReceipt) => void
  readonly breakerChanged: (operator: string, kind: BreakerState['kind']) => void
  /** The gate of an operator, by the pace agreed with it; null: there is none. */
  readonly openGate: (operator: string, perSecond: number | null, reopened: Reopened) => Gate
  readonly metrics: Metrics
  readonly log: Log
}

/** The connection of an operator whose own cannot be opened: it takes no messages. */
export function unopenedConnection(name: string, config: OperatorConfig, parts: ConnectionParts): OperatorConnection {
  return new OperatorConnection(
    { ...connectionOptions(name, config, parts), unboundGraceMs: 0 },
    () => new UnopenedConnector(),
  )
}

/** The connection to an operator, not yet started. Throws ExpectedError for what its connector is missing. */
export function openConnection(name: string, config: OperatorConfig, parts: ConnectionParts): OperatorConnection {
  const { connectors, host, log, metrics } = parts
  const kind = connectors[config.connector]!
  const { window, response_timeout_ms: responseTimeoutMs } = config
  const operator = { name, settings: connectorSettings(config), window, responseTimeoutMs }
  return new OperatorConnection(connectionOptions(name, config, parts), (events) =>
    kind.open(operator, events, kind.observe(log, metrics, name), host),
  )
}

function connectionOptions(name: string, config: OperatorConfig, parts: ConnectionParts): OperatorConnectionOptions {
  return {
    name,
    window: config.window,
    queueRules: {
      weightOf: (customerId) => config.customers?.[customerId] ?? 1,
      openGate: (reopened) => parts.openGate(name, config.per_second ?? null, reopened),
    },
    responseTimeoutMs: config.response_timeout_ms,
    onAmbiguous: config.on_ambiguous,
    resends: resendRules(config),
    events: {
      receipt: (receipt) => parts.receipt(name, receipt),
      incoming: (message) => parts.incoming(name, message),
      oddReceipt: (odd) => parts.oddReceipt(name, odd),
    },
    breakerChanged: (kind) => parts.breakerChanged(name, kind),
  }
}

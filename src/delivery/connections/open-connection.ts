import { describeHttp, readSecrets } from '../../operators/describe-http.ts'
import type { PasswordPlace } from '../../operators/operator-password.ts'
import { type OperatorConfig, resendRules } from '../../operators/operator-schema.ts'
import type { SmppSettings } from '../../operators/smpp-settings.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import type { Log } from '../../runtime/log.ts'
import type { Connector, ConnectorEvents, IncomingMessage, OddReceipt, Receipt } from '../connectors/connector.ts'
import { HttpConnector, type HttpDelivery } from '../connectors/http/http-connector.ts'
import { openSmppConnector } from '../connectors/smpp/open-smpp-connector.ts'
import type { SmppObserver } from '../connectors/smpp/smpp-observer.ts'
import { UnopenedConnector } from '../connectors/unopened-connector.ts'
import type { Gate, Reopened } from '../pace/gate.ts'
import type { BreakerState } from './circuit-breaker.ts'
import { OperatorLine, type OperatorLineOptions } from './operator-connection.ts'

class OperatorAddressError extends ExpectedError {
  override readonly name = 'OperatorAddressError'
}

/** What lines are opened with. */
export interface LineParts {
  /** `host:port` for operators whose address is `embedded`; empty if there is none. */
  readonly simulatorAddress: string
  /** Whether operators that speak HTTP can bring receipts to this process. */
  readonly isListening: boolean
  /** Takes a receipt of an operator; see `ConnectorEvents`. */
  readonly receipt: (operator: string, receipt: Receipt) => Promise<void>
  /** Stores a message from a subscriber; see `ConnectorEvents`. */
  readonly incoming: (operator: string, message: IncomingMessage) => Promise<void>
  readonly oddReceipt: (operator: string, odd: OddReceipt) => void
  /** Counts what an operator that speaks HTTP says of messages. */
  readonly deliveredOverHttp: (operator: string, kind: HttpDelivery, count: number) => void
  readonly breakerChanged: (operator: string, kind: BreakerState['kind']) => void
  readonly observeSmpp: (operator: string) => SmppObserver
  /** The gate of an operator, by the pace agreed with it; null: there is none. */
  readonly openGate: (operator: string, perSecond: number | null, reopened: Reopened) => Gate
  readonly log: Log
}

/** The line of an operator whose own cannot be opened: it takes no messages. */
export function unopenedLine(name: string, config: OperatorConfig, parts: LineParts): OperatorLine {
  return new OperatorLine({ ...lineOptions(name, config, parts), unboundGraceMs: 0 }, () => new UnopenedConnector())
}

/**
 * The line to an operator, not yet started. Throws OperatorAddressError for one that is to be embedded when nothing was
 * started for it, and what the connector's settings are refused for.
 */
export function openLine(name: string, config: OperatorConfig, parts: LineParts): OperatorLine {
  return new OperatorLine(lineOptions(name, config, parts), (events) => openConnector(name, config, parts, events))
}

function lineOptions(name: string, config: OperatorConfig, parts: LineParts): OperatorLineOptions {
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
    receipt: (receipt) => parts.receipt(name, receipt),
    incoming: (message) => parts.incoming(name, message),
    oddReceipt: (odd) => parts.oddReceipt(name, odd),
    breakerChanged: (kind) => parts.breakerChanged(name, kind),
  }
}

function openConnector(name: string, config: OperatorConfig, parts: LineParts, events: ConnectorEvents): Connector {
  const { window, response_timeout_ms: responseTimeoutMs } = config
  if (config.connector === 'http') {
    const { log } = parts
    const description = describeHttp(config.http)
    if (description.receipts?.push && !parts.isListening) {
      log.warn({ operator: name }, 'operator pushes receipts but RECEIPTS_PORT is 0')
    }
    return new HttpConnector(
      {
        operator: name,
        description,
        secrets: readSecrets(config.http, process.env),
        responseTimeoutMs,
        window,
        delivered: (kind, count) => parts.deliveredOverHttp(name, kind, count),
        troubled: (what) => log.warn({ operator: name, what }, 'unexpected response from HTTP operator'),
      },
      events,
    )
  }
  const { address: given } = config.smpp
  const address = typeof given === 'string' ? addressOf(name, given, parts.simulatorAddress) : given
  const settings = { ...passwordOf(config.smpp, process.env), ...config.smpp, address }
  const operator = { name, settings, window, responseTimeoutMs }
  return openSmppConnector(operator, events, parts.observeSmpp(name), process.env)
}

/** `smsgw up` gives its simulator a password, which an operator with the address `embedded` need not name. */
function passwordOf({ address, password_env, password_file }: SmppSettings, env: NodeJS.ProcessEnv): PasswordPlace {
  const isNamed = password_env !== undefined || password_file !== undefined
  return address === 'embedded' && !isNamed && env.SIMULATOR_PASSWORD ? { password_env: 'SIMULATOR_PASSWORD' } : {}
}

function addressOf(name: string, address: string, simulatorAddress: string): string {
  if (address !== 'embedded') return address
  if (simulatorAddress !== '') return simulatorAddress
  throw new OperatorAddressError(
    `operator "${name}" has the address \`embedded\`, and SIMULATOR_ADDRESS does not say where the simulator is. ` +
      'Start it with `smsgw smsc` and set SIMULATOR_ADDRESS=host:port, or write the address into the file.',
  )
}

import type { ConnectorSettings } from '../../operators/connector-settings.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Connector, ConnectorEvents } from './connector.ts'

/** An operator as its connector sees it. */
export interface OperatorToOpen<Settings> {
  readonly name: string
  /** As they were checked. */
  readonly settings: Settings
  /** Submits that may await their answer at once. */
  readonly window: number
  readonly responseTimeoutMs: number
}

/** What connectors may use of the process that they run in. */
export interface ConnectorHost {
  /** `host:port` for operators whose address is `embedded`; empty if there is none. */
  readonly simulatorAddress: string
  /** Whether operators can push receipts to this process (`callbacks/`). */
  readonly isListening: boolean
  /** Where passwords and secrets are. */
  readonly env: NodeJS.ProcessEnv
}

/**
 * One way to reach operators: a folder beside this file, and a line in `connectors.ts`. Its connectors pass
 * `test/delivery/connectors.test.ts`.
 */
export interface ConnectorKind<Settings = unknown, Observer = unknown> extends ConnectorSettings<Settings> {
  /**
   * Says which secrets and files that the settings name are missing in this environment, a sentence each. Throws
   * ExpectedError for a secret that is there and cannot be used.
   */
  missing(operator: string, settings: Settings, env: NodeJS.ProcessEnv): string[]
  /** The connector of an operator, not yet started. Throws ExpectedError that says what is missing. */
  open(operator: OperatorToOpen<Settings>, events: ConnectorEvents, observer: Observer, host: ConnectorHost): Connector
  /** Logs and counts what happens between the gateway and an operator, in the protocol's own terms. */
  observe(log: Log, metrics: Metrics, operator: string): Observer
}

/** By the name that an operator's `connector` has in the file. */
export type ConnectorKinds = Readonly<Record<string, ConnectorKind>>

import { onTestFinished } from 'vitest'
import { ReceiptListener } from '../../src/delivery/callbacks/receipt-listener.ts'
import { LiveConnections } from '../../src/delivery/connections/live-connections.ts'
import type { OperatorConnection } from '../../src/delivery/connections/operator-connection.ts'
import type { OddReceipt, Receipt } from '../../src/delivery/connectors/connector.ts'
import type { ConnectorKinds } from '../../src/delivery/connectors/connector-kind.ts'
import type { Gate, Permit, Reopened } from '../../src/delivery/pace/gate.ts'
import { OperatorSetup } from '../../src/operators/operator-setup.ts'
import { parseOperators } from '../../src/operators/operators-file.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'

export interface OperatorOptions {
  readonly connectors: ConnectorKinds
  readonly connector: string
  readonly settings: object
  readonly window?: number
  readonly responseTimeoutMs?: number
  /** Messages that the gate lets pass before the test opens it; all if not given. */
  readonly paced?: number
}

/** A gate that the test opens. */
export class StepGate implements Gate {
  readonly #reopened: Reopened
  #parts: number
  /** How often the operator refused for pace. */
  refusals = 0

  constructor(parts: number, reopened: Reopened) {
    this.#parts = parts
    this.#reopened = reopened
  }

  take(cost: number): Permit | null {
    if (this.#parts < cost) return null
    this.#parts -= cost
    return { untilMs: 0, due: async () => true }
  }

  open(parts: number): void {
    this.#parts += parts
    this.#reopened()
  }

  throttled(): void {
    this.refusals++
  }

  stop(): void {}
}

export interface OpenedOperator {
  readonly connection: OperatorConnection
  readonly gate: StepGate
  readonly receipts: readonly Receipt[]
  readonly oddReceipts: readonly OddReceipt[]
  /** Where the operator pushes receipts. */
  readonly callbackUrl: string
  /** Receipts that came, stored or not. */
  arrived: number
  /** Whether receipts can be stored; true at first. */
  canStore: boolean
  /** Awaited before a receipt is stored. */
  storing: Promise<void>
  start(): void
  stop(): Promise<void>
}

/** An operator by the name `peer`, as a worker has it: from its file to its connection, not yet started. */
export async function openOperator(options: OperatorOptions): Promise<OpenedOperator> {
  const { connectors, connector, settings, window = 10, responseTimeoutMs = 10_000 } = options
  const operator = { connector, [connector]: settings, window, response_timeout_ms: responseTimeoutMs }
  const source = { operators: { peer: { ...operator, on_ambiguous: 'hold' } } }
  const routes = [{ prefix: '', operator: 'peer', price: 1 }]
  const setup = new OperatorSetup(1, parseOperators(JSON.stringify({ ...source, routes }), 'test', connectors))
  const receipts: Receipt[] = []
  const oddReceipts: OddReceipt[] = []
  let gate: StepGate | undefined
  const connections = new LiveConnections({
    connectors,
    host: { simulatorAddress: '', isListening: true, env: {} },
    operators: { current: () => setup, onChange: () => () => {} },
    async receipt(_operator, receipt) {
      opened.arrived++
      await opened.storing
      if (!opened.canStore) throw new Error('the database is unavailable')
      receipts.push(receipt)
    },
    incoming: async () => {},
    oddReceipt: (_operator, odd) => oddReceipts.push(odd),
    breakerChanged: () => {},
    openGate: (_operator, _perSecond, reopened) => {
      gate = new StepGate(options.paced ?? Number.POSITIVE_INFINITY, reopened)
      return gate
    },
    metrics: new Metrics(),
    log: createLog('test', 'silent'),
  })
  const listener = new ReceiptListener({
    host: '127.0.0.1',
    port: 0,
    doorOf: (name) => connections.callbackDoor(name),
  })
  await listener.start()
  const opened: OpenedOperator = {
    connection: connections.get('peer')!,
    gate: gate!,
    receipts,
    oddReceipts,
    callbackUrl: `http://127.0.0.1:${listener.port}/receipts/peer`,
    arrived: 0,
    canStore: true,
    storing: Promise.resolve(),
    start: () => connections.start(),
    stop: () => connections.stop(),
  }
  onTestFinished(async () => {
    await listener.stop()
    await connections.stop()
  })
  return opened
}

import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { DeliveryTask } from '../../events/delivery.ts'
import type { OperatorDirectory } from '../../operators/operator-directory.ts'
import type { OperatorConfig } from '../../operators/operator-schema.ts'
import type { OperatorSetup } from '../../operators/operator-setup.ts'
import type { CallbackDoor } from '../callbacks/callback-door.ts'
import { type ConnectionParts, openConnection, unopenedConnection } from './open-connection.ts'
import type { OperatorConnection } from './operator-connection.ts'

export interface LiveConnectionsParts extends ConnectionParts {
  readonly operators: Pick<OperatorDirectory, 'current' | 'onChange'>
  /** How long the connection of a removed operator still takes receipts. */
  readonly lingerMs?: number
}

/** An operator connection that may submit a task. */
export interface Candidate {
  readonly connection: OperatorConnection
  /** To be used with this operator; null for its own. */
  readonly sender: string | null
  /** For the timeline: why it is this one. */
  readonly why: string
}

interface LiveConnection {
  readonly config: OperatorConfig
  readonly connection: OperatorConnection
  /** False for a substitute of one that could not be opened. */
  readonly isOpen: boolean
}

const REOPEN_MS = 10_000
const DRAIN_LOOK_MS = 50
/** Beyond the response time-out, in which every submit has ended. */
const DRAIN_MARGIN_MS = 5_000
const LINGER_MS = 300_000

/**
 * The connections to all operators in force, as these come and go. A new operator's connection is opened. One whose
 * settings have changed is opened anew, and one that was removed is closed: its waiting tasks are dropped from its queue
 * and choose a connection again, submits in flight are awaited, then it ends; that of a removed operator stays open five
 * minutes more for receipts of what it was sent. A connection that cannot be opened is tried again every ten seconds,
 * and keeps no other from opening; until then a substitute that takes no messages has its place, so that every operator
 * in force has a connection.
 */
export class LiveConnections {
  readonly #parts: LiveConnectionsParts
  readonly #live = new Map<string, LiveConnection>()
  readonly #closing = new Set<Promise<void>>()
  /** Of operators that were removed, or whose settings have changed; they still take receipts. */
  readonly #leaving = new Map<string, OperatorConnection>()
  readonly #stopping = new AbortController()
  readonly #unsubscribe: () => void
  #reopen: NodeJS.Timeout | null = null
  /** Why the first of those that are not open could not be opened; null: all are. */
  #fault: string | null = null
  #started = false

  /** Opens the connections, not yet started. */
  constructor(parts: LiveConnectionsParts) {
    this.#parts = parts
    this.#follow(parts.operators.current())
    this.#unsubscribe = parts.operators.onChange((setup) => this.#follow(setup))
  }

  /** A health check: throws while there are operators and no connection to one could be opened. */
  readonly check = (): void => {
    if (this.#fault === null || [...this.#live.values()].some(({ isOpen }) => isOpen)) return
    throw new Error(`no operator connection could be opened; retrying every ${REOPEN_MS / 1_000} s: ${this.#fault}`)
  }

  get(operator: string): OperatorConnection | undefined {
    return this.#live.get(operator)?.connection
  }

  values(): OperatorConnection[] {
    return [...this.#live.values()].map(({ connection }) => connection)
  }

  /**
   * The connections that may submit a task, in the order in which they are to be tried: that of its operator as long as
   * there is one, then those of the routes as they are now. Whether a connection is ready is not looked at.
   */
  candidates(task: DeliveryTask): Candidate[] {
    const { phone, sender, customer_id: customerId, priority, mcc_mnc: mccMnc } = task
    const network = mccMnc === undefined ? null : { mccMnc, known: 'as accepted' }
    const message = { phone, sender, customerId, priority, network }
    const ranked = this.#parts.operators.current().rankAccepted(message, task.operator)
    return ranked.flatMap(({ operator, sender: used, why }) => {
      const connection = this.get(operator)
      return connection ? [{ connection, sender: used, why }] : []
    })
  }

  start(): void {
    this.#started = true
    for (const { connector } of this.values()) connector.start()
  }

  /** Where an operator pushes its receipts: a current or recently removed one. */
  callbackDoor(operator: string): CallbackDoor | null {
    const connection = this.get(operator) ?? this.#leaving.get(operator)
    return connection?.connector.callbackDoor ?? null
  }

  /** Gives no slots any more, and follows no changes. */
  closeQueues(): void {
    this.#stopping.abort()
    this.#unsubscribe()
    if (this.#reopen) clearTimeout(this.#reopen)
    for (const { queue } of this.values()) queue.close()
  }

  /** Resolves when all connections are closed, those that were removed before as well. */
  async stop(): Promise<void> {
    this.closeQueues()
    await Promise.all([...this.values().map((connection) => connection.stop()), ...this.#closing])
  }

  /** Brings the connections to what is in force. */
  #follow({ operators }: OperatorSetup): void {
    if (this.#reopen) clearTimeout(this.#reopen)
    this.#reopen = null
    this.#fault = null
    for (const [name, { config, connection, isOpen }] of this.#live) {
      if (isDeepStrictEqual(operators.get(name), config)) continue
      this.#live.delete(name)
      this.#close(connection, operators.has(name) || !isOpen ? 0 : (this.#parts.lingerMs ?? LINGER_MS))
    }
    for (const [name, config] of operators) {
      if (this.#live.get(name)?.isOpen) continue
      try {
        this.#open(name, config)
      } catch (error) {
        this.#fault ??= (error as Error).message
        if (!this.#live.has(name)) this.#openPlaceholder(name, config)
        this.#parts.log.error({ err: error, operator: name }, 'failed to open operator connection; others unaffected')
      }
    }
    if (this.#fault !== null) {
      this.#reopen = globalThis.setTimeout(() => this.#follow(this.#parts.operators.current()), REOPEN_MS)
    }
  }

  #open(name: string, config: OperatorConfig): void {
    const connection = openConnection(name, config, this.#parts)
    const before = this.#live.get(name)?.connection
    this.#live.set(name, { config, connection, isOpen: true })
    if (before) this.#close(before, 0)
    if (!this.#started) return
    connection.connector.start()
    this.#parts.log.info({ operator: name }, 'operator connection opened')
  }

  #openPlaceholder(name: string, config: OperatorConfig): void {
    this.#live.set(name, { config, connection: unopenedConnection(name, config, this.#parts), isOpen: false })
  }

  #close(connection: OperatorConnection, lingerMs: number): void {
    connection.queue.close()
    this.#leaving.set(connection.name, connection)
    const closing = this.#drain(connection, lingerMs).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  async #drain(connection: OperatorConnection, lingerMs: number): Promise<void> {
    const { name, queue, responseTimeoutMs } = connection
    const deadlineMs = Date.now() + responseTimeoutMs + DRAIN_MARGIN_MS
    while (queue.inFlight > 0 && Date.now() < deadlineMs) await setTimeout(DRAIN_LOOK_MS)
    await setTimeout(lingerMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
    if (this.#leaving.get(name) === connection) this.#leaving.delete(name)
    await connection.stop()
    this.#parts.log.info({ operator: name }, 'operator connection closed')
  }
}

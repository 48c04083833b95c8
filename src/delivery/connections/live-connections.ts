import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { DeliveryTask } from '../../events/delivery.ts'
import type { OperatorDirectory } from '../../operators/operator-directory.ts'
import type { OperatorConfig } from '../../operators/operator-schema.ts'
import type { OperatorSetup } from '../../operators/operator-setup.ts'
import { HttpConnector } from '../connectors/http/http-connector.ts'
import type { CallbackDoor } from '../connectors/http/receipt-listener.ts'
import { type LineParts, openLine, unopenedLine } from './open-connection.ts'
import type { OperatorLine } from './operator-connection.ts'

export interface LiveLinesParts extends LineParts {
  readonly operators: Pick<OperatorDirectory, 'current' | 'onChange'>
  /** How long the line of a removed operator still hears receipts. */
  readonly lingerMs?: number
}

/** A line that a task may be handed to. */
export interface LineCandidate {
  readonly line: OperatorLine
  /** To be used with this operator; null for its own. */
  readonly sender: string | null
  /** For the timeline: why it is this one. */
  readonly why: string
}

interface OpenLine {
  readonly config: OperatorConfig
  readonly line: OperatorLine
  /** False for one that stands for a line which could not be opened. */
  readonly isOpen: boolean
}

const REOPEN_MS = 10_000
const DRAIN_LOOK_MS = 50
/** Beyond the response time-out, in which every submit has ended. */
const DRAIN_MARGIN_MS = 5_000
const LINGER_MS = 300_000

/**
 * The lines to all operators in force, as these come and go. A new operator's line is opened. One whose settings have
 * changed is opened anew, and one that was removed is closed: its waiting tasks lose their turn and look for a line
 * again, those under way are awaited, then it hangs up; that of a removed operator stays five minutes more for the
 * receipts of what it was sent. A line that cannot be opened is tried again every ten seconds, and keeps no other from
 * opening; until then another stands for it that takes no messages, so that every operator in force has a line.
 */
export class LiveLines {
  readonly #parts: LiveLinesParts
  readonly #lines = new Map<string, OpenLine>()
  readonly #closing = new Set<Promise<void>>()
  /** Lines of removed operators that still hear receipts. */
  readonly #leaving = new Map<string, OperatorLine>()
  readonly #stopping = new AbortController()
  readonly #unsubscribe: () => void
  #reopen: NodeJS.Timeout | null = null
  /** Why the first of those that are not open could not be opened; null: all are. */
  #fault: string | null = null
  #started = false

  /** Opens the lines, not yet started. */
  constructor(parts: LiveLinesParts) {
    this.#parts = parts
    this.#follow(parts.operators.current())
    this.#unsubscribe = parts.operators.onChange((setup) => this.#follow(setup))
  }

  /** A health check: throws while there are operators and no connection to one could be opened. */
  readonly check = (): void => {
    if (this.#fault === null || [...this.#lines.values()].some(({ isOpen }) => isOpen)) return
    throw new Error(`no operator connection could be opened; retrying every ${REOPEN_MS / 1_000} s: ${this.#fault}`)
  }

  get(operator: string): OperatorLine | undefined {
    return this.#lines.get(operator)?.line
  }

  values(): OperatorLine[] {
    return [...this.#lines.values()].map(({ line }) => line)
  }

  /**
   * The lines that a task may go by, in the order in which they are to be tried: its operator's own as long as there is
   * one, then those of the routes as they are now. Whether a line is ready is not looked at.
   */
  candidates(task: DeliveryTask): LineCandidate[] {
    const { phone, sender, customer_id: customerId, priority, mcc_mnc: mccMnc } = task
    const network = mccMnc === undefined ? null : { mccMnc, known: 'as accepted' }
    const message = { phone, sender, customerId, priority, network }
    const ranked = this.#parts.operators.current().rankAccepted(message, task.operator)
    return ranked.flatMap(({ operator, sender: used, why }) => {
      const line = this.get(operator)
      return line ? [{ line, sender: used, why }] : []
    })
  }

  start(): void {
    this.#started = true
    for (const { connector } of this.values()) connector.start()
  }

  /** Where an HTTP operator pushes its receipts: a current or recently removed one. */
  callbackDoor(operator: string): CallbackDoor | null {
    const line = this.get(operator) ?? this.#leaving.get(operator)
    return line?.connector instanceof HttpConnector ? line.connector : null
  }

  /** From now on no turns are given, and changes are not followed. */
  closeQueues(): void {
    this.#stopping.abort()
    this.#unsubscribe()
    if (this.#reopen) clearTimeout(this.#reopen)
    for (const { queue } of this.values()) queue.close()
  }

  /** Hangs up. Resolves when all lines are closed, those that were removed before as well. */
  async stop(): Promise<void> {
    this.closeQueues()
    await Promise.all([...this.values().map((line) => line.stop()), ...this.#closing])
  }

  /** Brings the lines to what is in force. */
  #follow({ operators }: OperatorSetup): void {
    if (this.#reopen) clearTimeout(this.#reopen)
    this.#reopen = null
    this.#fault = null
    for (const [name, { config, line, isOpen }] of this.#lines) {
      if (isDeepStrictEqual(operators.get(name), config)) continue
      this.#lines.delete(name)
      this.#close(line, operators.has(name) || !isOpen ? 0 : (this.#parts.lingerMs ?? LINGER_MS))
    }
    for (const [name, config] of operators) {
      if (this.#lines.get(name)?.isOpen) continue
      try {
        this.#open(name, config)
      } catch (error) {
        this.#fault ??= (error as Error).message
        if (!this.#lines.has(name)) this.#standIn(name, config)
        this.#parts.log.error({ err: error, operator: name }, 'failed to open operator connection; others unaffected')
      }
    }
    if (this.#fault !== null) {
      this.#reopen = globalThis.setTimeout(() => this.#follow(this.#parts.operators.current()), REOPEN_MS)
    }
  }

  #open(name: string, config: OperatorConfig): void {
    const line = openLine(name, config, this.#parts)
    const before = this.#lines.get(name)?.line
    this.#lines.set(name, { config, line, isOpen: true })
    if (before) this.#close(before, 0)
    if (!this.#started) return
    line.connector.start()
    this.#parts.log.info({ operator: name }, 'operator connection opened')
  }

  #standIn(name: string, config: OperatorConfig): void {
    this.#lines.set(name, { config, line: unopenedLine(name, config, this.#parts), isOpen: false })
  }

  #close(line: OperatorLine, lingerMs: number): void {
    line.queue.close()
    this.#leaving.set(line.name, line)
    const closing = this.#drain(line, lingerMs).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  async #drain(line: OperatorLine, lingerMs: number): Promise<void> {
    const { name, queue, responseTimeoutMs } = line
    const deadlineMs = Date.now() + responseTimeoutMs + DRAIN_MARGIN_MS
    while (queue.inFlight > 0 && Date.now() < deadlineMs) await setTimeout(DRAIN_LOOK_MS)
    await setTimeout(lingerMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
    if (this.#leaving.get(name) === line) this.#leaving.delete(name)
    await line.stop()
    this.#parts.log.info({ operator: name }, 'operator connection closed')
  }
}

/**
 * Something that runs for long. `start` resolves when it does its work, `stop` when it has released all it held:
 * it takes nothing new, finishes what it has begun within its own time limit, and leaves nothing behind.
 * Stopping what was never started, or twice, does nothing.
 */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Services that share a process. They start at once, as none may wait for another: an API takes messages while a
 * worker still waits for its group. They stop in the order given, that of the flow: what one has begun, the next one
 * still finishes.
 */
export class ServiceGroup implements Service {
  readonly name: string
  readonly #services: readonly Service[]

  constructor(name: string, services: readonly Service[]) {
    this.name = name
    this.#services = services
  }

  /** If one cannot start, all are stopped again and its error is thrown. */
  async start(): Promise<void> {
    const results = await Promise.allSettled(this.#services.map((service) => service.start()))
    const failed = results.find((result) => result.status === 'rejected')
    if (!failed) return
    await this.stop()
    throw failed.reason
  }

  async stop(): Promise<void> {
    for (const service of this.#services) await service.stop()
  }
}

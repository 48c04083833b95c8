/**
 * Something that runs for long. `start` resolves when it does its work, `stop` when it has let go of all it held:
 * it takes nothing new, finishes what it has begun within its own time limit, and leaves nothing behind.
 * Stopping what was never started, or twice, does nothing.
 */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Services that depend on each other in order: started first to last, stopped last to first. */
export class ServiceGroup implements Service {
  readonly name: string
  readonly #services: readonly Service[]
  #started: Service[] = []

  constructor(name: string, services: readonly Service[]) {
    this.name = name
    this.#services = services
  }

  /** If one cannot start, those before it are stopped again and its error is thrown. */
  async start(): Promise<void> {
    for (const service of this.#services) {
      try {
        await service.start()
        this.#started.push(service)
      } catch (error) {
        await this.stop()
        throw error
      }
    }
  }

  async stop(): Promise<void> {
    for (const service of this.#started.splice(0).reverse()) await service.stop()
  }
}

/** Throws an Error that says what is wrong. */
export type HealthCheck = () => Promise<void> | void

export interface HealthReport {
  readonly ready: boolean
  /** `ok`, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>
}

const CHECK_TIMEOUT_MS = 2_000

/** Whether a process can do its work. Not ready while draining, so that clients send it nothing more. */
export class Health {
  readonly #checks = new Map<string, HealthCheck>()
  #draining = false

  add(name: string, check: HealthCheck): void {
    this.#checks.set(name, check)
  }

  /** From now on not ready. */
  drain(): void {
    this.#draining = true
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]): Promise<[string, string]> => [name, await outcome(check)]),
    )
    if (this.#draining) results.push(['draining', 'stopping'])
    return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) }
  }
}

async function outcome(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${CHECK_TIMEOUT_MS} ms`), CHECK_TIMEOUT_MS)
  })
  try {
    return await Promise.race([Promise.resolve(check()).then(() => 'ok'), late])
  } catch (error) {
    return (error as Error).message
  } finally {
    clearTimeout(timer)
  }
}

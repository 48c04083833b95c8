/** Lets a loop sleep until there is work or a time has passed. A wake-up while it works is kept for the next sleep. */
export class WakeSignal {
  #woken = false
  #resolve: (() => void) | null = null
  #timer: NodeJS.Timeout | null = null

  wake(): void {
    this.#woken = true
    this.#resolve?.()
  }

  /** Resolves on a wake-up since the last sleep, or after `msMax`. Returns whether it was a wake-up. */
  async sleep(msMax: number): Promise<boolean> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
        this.#timer = setTimeout(resolve, msMax)
      })
      clearTimeout(this.#timer!)
      this.#resolve = null
    }
    const woken = this.#woken
    this.#woken = false
    return woken
  }
}

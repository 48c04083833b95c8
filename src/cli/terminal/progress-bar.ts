const WIDTH = 30
const REDRAW_MS = 100
const LINE_MS = 5_000

/**
 * Shows on standard error how far long work is: a bar that is drawn over at a terminal, elsewhere a line now and then.
 */
export class ProgressBar {
  readonly #what: string
  readonly #total: number
  #drawnMs = 0

  constructor(what: string, total: number) {
    this.#what = what
    this.#total = total
  }

  update(done: number, remark = ''): void {
    const nowMs = Date.now()
    const isOver = done >= this.#total
    const { isTTY } = process.stderr
    if (!isOver && nowMs - this.#drawnMs < (isTTY ? REDRAW_MS : LINE_MS)) return
    this.#drawnMs = nowMs
    const share = this.#total === 0 ? 1 : done / this.#total
    const filled = Math.round(share * WIDTH)
    const bar = isTTY ? `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ` : ''
    const text = `${this.#what} ${bar}${done}/${this.#total} ${Math.floor(share * 100)}% ${remark}`
    process.stderr.write(isTTY ? `\r\x1b[K${text}` : `${text}\n`)
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\n')
  }
}

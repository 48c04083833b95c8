import colors from 'picocolors'
import type { Progress } from '../../embedded/progress.ts'

const REDRAW_MS = 100
const LINE_MS = 5_000

export interface ProgressScreen {
  readonly isTTY: boolean
  readonly write: (text: string) => void
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number
}

const stderr: ProgressScreen = {
  isTTY: process.stderr.isTTY,
  write: (text) => void process.stderr.write(text),
  nowMs: () => performance.now(),
}

/**
 * Shows each step as a line, with the seconds since the start. A count is one line that is written over at a terminal;
 * elsewhere a line every few seconds. The last count is always shown.
 */
export function showProgress(startedMs: number, { isTTY, write, nowMs }: ProgressScreen = stderr): Progress {
  let shownMs = Number.NEGATIVE_INFINITY
  /** A count that was not shown yet. */
  let pending: string | null = null
  /** Whether the cursor is behind a count. */
  let isOpen = false
  return (part, text, kind = 'step') => {
    const seconds = ((nowMs() - startedMs) / 1_000).toFixed(1).padStart(5)
    const line = `${colors.dim(`${seconds} s`)}  ${part.padEnd(10)} ${text}`
    if (kind === 'count') {
      pending = line
      if (nowMs() - shownMs < (isTTY ? REDRAW_MS : LINE_MS)) return
      shownMs = nowMs()
      write(isTTY ? `\r\x1b[K${line}` : `${line}\n`)
      isOpen = isTTY
      pending = null
      return
    }
    if (pending !== null) write(isTTY ? `\r\x1b[K${pending}\n` : `${pending}\n`)
    else if (isOpen) write('\n')
    pending = null
    isOpen = false
    write(`${line}\n`)
  }
}

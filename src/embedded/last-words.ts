import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const TAIL_BYTES = 32_768
const CHARS_MAX = 300
const TROUBLE = /PANIC|FATAL|ERROR|Exception|No space left/

/** The last line of a server's log that names a fault, shortened; or that there is none. Never throws. */
export function lastWords(logFile: string): string {
  const line = readTail(logFile)
    .split('\n')
    .findLast((each) => TROUBLE.test(each))
  return line?.trim().slice(0, CHARS_MAX) ?? 'its log names no fault'
}

function readTail(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES))
      readSync(file, buffer, 0, buffer.length, size - buffer.length)
      return buffer.toString()
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

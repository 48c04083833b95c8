import { createReadStream, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Facts, Leak } from './facts.ts'

const LEAKS_MAX = 100

/** What must not be in a log, under a name that may be shown. */
export interface Canary {
  readonly what: string
  readonly text: string
}

/** Reads every file that ends in `.log` below a folder, and finds canaries in it. */
export async function scanLogs(folder: string, canaries: readonly Canary[]): Promise<Facts['leaks']> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isLog)
  const found: Leak[] = []
  for (const file of files) {
    let line = 0
    for await (const text of createInterface({ input: createReadStream(join(folder, file)) })) {
      line++
      for (const { what, text: canary } of canaries) {
        if (found.length < LEAKS_MAX && text.includes(canary)) found.push({ file: relative('.', file), line, what })
      }
    }
  }
  return { filesRead: files.length, found }
}

/** Kafka's data files end in `.log` too: their names are numbers. */
function isLog(path: string): boolean {
  return /\.log$/.test(path) && !/(^|\/)\d{20}\.log$/.test(path)
}

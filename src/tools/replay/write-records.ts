import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import type { ConsumedRecord } from '../../kafka/wire/record-batch-decode.ts'
import type { ReplayTarget } from './replay-targets.ts'

/** A file, or standard output for `-`: one JSON object a line, whatever the record holds. */
export function intoFile(path: string): ReplayTarget {
  const output: Writable = path === '-' ? process.stdout : createWriteStream(path, { flags: 'wx', mode: 0o600 })
  let failure: Error | null = null
  output.on('error', (error) => {
    failure = error
  })
  return {
    topics: [],
    async take(records) {
      if (failure) throw failure
      const lines = records.map((record) => `${JSON.stringify(describe(record))}\n`).join('')
      if (!output.write(lines)) await Promise.race([once(output, 'drain'), once(output, 'error')])
      return records.length
    },
    async close() {
      if (path === '-') return
      output.end()
      if (!failure) await once(output, 'finish')
      else throw failure
    },
  }
}

function describe(record: ConsumedRecord): object {
  const { topic, partition, offset, timestampMs, key, value } = record
  return {
    topic,
    partition,
    offset,
    timestamp: new Date(timestampMs).toISOString(),
    key: key?.toString() ?? null,
    headers: Object.fromEntries([...record.headers].map(([name, bytes]) => [name, bytes.toString()])),
    value: parsed(value),
  }
}

/** The value as JSON; as text, where it is none. */
function parsed(value: Buffer | null): unknown {
  try {
    return JSON.parse(value?.toString() ?? 'null')
  } catch {
    return value!.toString()
  }
}

import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { WriteTogether } from '../../../src/postgres/write-together.ts'

/** What the API acknowledged: under this key, this message was accepted. In the file's order they were acknowledged. */
export interface Acceptance {
  readonly kind: 'accepted'
  readonly key: string
  readonly customerId: string
  readonly phone: string
  /** Of each part that its text falls into. */
  readonly partSha256: readonly string[]
  readonly smsId: number
  readonly cost: number
  readonly segments: number
  /** When the post was due, and when its answer came; milliseconds since the epoch. */
  readonly dueMs: number
  readonly acceptedMs: number
  /** Tries that were not answered by 202, by status; 0 is no answer. */
  readonly refused: Readonly<Record<string, number>>
}

/** The same key asked again later, as a client does that lost its own memory. */
export interface Repetition {
  readonly kind: 'repeated'
  readonly key: string
  readonly smsId: number
}

export type LogEntry = Acceptance | Repetition

/** The client's own record, on disk before the client goes on. It owes nothing to the gateway. */
export class AcceptanceLog {
  readonly #file: FileHandle
  readonly #writes: WriteTogether<LogEntry>

  private constructor(file: FileHandle) {
    this.#file = file
    this.#writes = new WriteTogether(async (entries) => {
      await file.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      await file.datasync()
    })
  }

  static async open(path: string): Promise<AcceptanceLog> {
    return new AcceptanceLog(await open(path, 'a'))
  }

  /** Resolves when it is on disk. */
  add(entry: LogEntry): Promise<void> {
    return this.#writes.add(entry)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

export async function readAcceptanceLog(path: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const line of createInterface({ input: createReadStream(path) }))
    entries.push(JSON.parse(line) as LogEntry)
  return entries
}

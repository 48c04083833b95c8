import { createReadStream } from 'node:fs'

export interface FileLine {
  readonly text: string
  /** Whether a line break ends it; a last line without one was torn by a crash. */
  readonly complete: boolean
  /** Bytes of the file before it. */
  readonly startsAt: number
}

/** The lines of a file with their places, reading a piece at a time. */
export async function* readLines(path: string, start = 0): AsyncGenerator<FileLine> {
  let rest: Buffer = Buffer.alloc(0)
  let at = start
  for await (const chunk of createReadStream(path, { start, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let buffer: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (let end = buffer.indexOf(10); end >= 0; end = buffer.indexOf(10)) {
      yield { text: buffer.toString('utf8', 0, end), complete: true, startsAt: at }
      at += end + 1
      buffer = buffer.subarray(end + 1)
    }
    rest = buffer
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), complete: false, startsAt: at }
}

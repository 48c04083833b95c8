import { createReadStream } from 'node:fs'
import { TextDecoder } from 'node:util'
import { ExpectedError } from '../../runtime/expected-error.ts'

const CHUNK_BYTES = 65_536
const ENCODINGS_NAMED = 'utf-8, utf-16le, windows-1252, windows-1256, iso-8859-1 to -16'

/**
 * The text of a file, piece by piece, without its byte order mark. `encoding` is a label of the WHATWG Encoding Standard;
 * without one the file is UTF-8, or UTF-16 if its byte order mark says so. Nothing is replaced that cannot be read: it would
 * be sent and charged. Throws ExpectedError that names line, column and byte.
 */
export async function* decodeFile(path: string, encoding?: string): AsyncGenerator<string> {
  let decoder: TextDecoder | null = encoding === undefined ? null : decoderOf(encoding)
  let chunks = 0
  try {
    for await (const chunk of readChunks(path)) {
      decoder ??= decoderOf(encodingByMark(chunk))
      const text = decoder.decode(chunk, { stream: true })
      chunks++
      if (text !== '') yield text
    }
    const rest = decoder?.decode() ?? ''
    if (rest !== '') yield rest
  } catch (error) {
    if (!(error instanceof TypeError) || !decoder) throw error
    throw new ExpectedError(`${path}:${await describeFault(path, decoder.encoding, chunks - 1)}`)
  }
}

function readChunks(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>
}

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label, { fatal: true })
  } catch {
    throw new ExpectedError(`There is no encoding "${label}". Some that there are: ${ENCODINGS_NAMED}.`)
  }
}

function encodingByMark(chunk: Buffer): string {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le'
  return chunk[0] === 0xfe && chunk[1] === 0xff ? 'utf-16be' : 'utf-8'
}

/** Reads the file once more, from the last chunk that could be read byte by byte: `line:column: what is wrong`. */
async function describeFault(path: string, encoding: string, chunksBefore: number): Promise<string> {
  const decoder = decoderOf(encoding)
  const place = new TextPlace()
  let pending: number[] = []
  let chunks = 0
  try {
    for await (const chunk of readChunks(path)) {
      if (chunks++ < chunksBefore) {
        place.pass(decoder.decode(chunk, { stream: true }))
        continue
      }
      for (const byte of chunk) {
        pending.push(byte)
        const text = decoder.decode(Uint8Array.of(byte), { stream: true })
        if (text !== '') pending = []
        place.pass(text)
      }
    }
    decoder.decode()
  } catch {
    // The place is known now.
  }
  const byte = `0x${pending[0]?.toString(16).toUpperCase().padStart(2, '0')}`
  const advice = 'Save the file as UTF-8, or name its encoding, as in --encoding windows-1252.'
  return `${place.line}:${place.column}: the byte ${byte} is not ${encoding}. ${advice}`
}

/** Line and column behind the text that was passed, both from 1. A line ends with LF, CR or both. */
class TextPlace {
  line = 1
  column = 1
  #endsInReturn = false

  pass(text: string): void {
    for (const character of text) {
      const isSecond = character === '\n' && this.#endsInReturn
      this.#endsInReturn = character === '\r'
      if (isSecond) continue
      if (character === '\n' || character === '\r') {
        this.line++
        this.column = 1
      } else {
        this.column++
      }
    }
  }
}

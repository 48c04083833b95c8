/** Bytes in the place of an answer. */
export interface GarbledAnswer {
  readonly bytes: Buffer
  /** What comes behind them on the connection cannot be read either. */
  readonly spoilsRest: boolean
  readonly endsConnection: boolean
}

const UNKNOWN_COMMAND = 0x8000_0ff0
const HEADER_OCTETS = 16
/** Longer than a message id is read. */
const ID_OCTETS = 300

/** The ways to damage an answer. */
const DAMAGES: readonly ((answer: Buffer) => GarbledAnswer)[] = [
  (answer) => ({ bytes: withInt4(answer, 0, 7), spoilsRest: true, endsConnection: false }),
  (answer) => ({ bytes: withInt4(answer, 0, 0x7fff_ffff), spoilsRest: true, endsConnection: false }),
  (answer) => ({ bytes: withInt4(answer, 4, UNKNOWN_COMMAND), spoilsRest: false, endsConnection: false }),
  (answer) => ({ bytes: withEndlessId(answer), spoilsRest: false, endsConnection: false }),
  (answer) => ({ bytes: answer.subarray(0, answer.length - 5), spoilsRest: true, endsConnection: true }),
  () => ({ bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), spoilsRest: true, endsConnection: true }),
]

/** Damages an answer; `chance`, from 0 to below 1, decides how. */
export function garbleAnswer(answer: Buffer, chance: number): GarbledAnswer {
  return DAMAGES[Math.floor(chance * DAMAGES.length)]!(answer)
}

function withEndlessId(answer: Buffer): Buffer {
  const header = withInt4(answer.subarray(0, HEADER_OCTETS), 0, HEADER_OCTETS + ID_OCTETS)
  return Buffer.concat([header, Buffer.alloc(ID_OCTETS, 'x')])
}

function withInt4(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32BE(value, at)
  return copy
}

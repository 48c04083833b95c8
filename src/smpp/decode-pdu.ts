import { ByteCursor } from './byte-cursor.ts'
import { COMMAND_STATUS } from './command-status.ts'
import { HEADER_OCTETS } from './encode-pdu.ts'
import { type CommandName, createPdu, GRAMMARS, type Pdu } from './pdu.ts'
import { type PduGrammar, RESPONSE_BIT } from './pdu-grammar.ts'
import { readTlvs } from './tlv.ts'

/**
 * Bytes that are no PDU, and what they deserve:
 * - `command-length`: the frames after them cannot be found. Answer generic_nack and close.
 * - `unknown-command`: answer generic_nack, and go on. (Not if it is a response: a nack of a nack never ends.)
 * - `body`: the command is known and its body is wrong. Answer its response with `status`; if it is a response itself,
 *   its request was answered, with something unreadable.
 */
export interface PduFault {
  readonly kind: 'fault'
  readonly reason: 'command-length' | 'unknown-command' | 'body'
  /** The command status to answer with. */
  readonly status: number
  /** 0 where it could not be read. */
  readonly sequence: number
  readonly commandId: number
  /** Null if the command is unknown. */
  readonly command: CommandName | null
  /** No more can be read from this connection. */
  readonly isFatal: boolean
  /** For the log; quotes lengths and places, never content. */
  readonly detail: string
}

export interface PduReading {
  readonly kind: 'pdu'
  readonly pdu: Pdu
  /** The octets that it took. */
  readonly length: number
  /** What could not be read and was left out, for the log; only where the reader is lenient. */
  readonly leftOut?: string
}

interface NamedGrammar {
  readonly command: CommandName
  readonly grammar: PduGrammar
}

const BY_COMMAND_ID = new Map<number, NamedGrammar>(
  Object.entries(GRAMMARS).map(([command, grammar]) => [
    grammar.commandId,
    { command: command as CommandName, grammar },
  ]),
)

/**
 * A frame, of at least the header and as long as its command_length says, as a PDU. What is kept of it is a copy.
 *
 * Tolerant where SMSCs are known to differ from the specification, because refusing a response would leave the outcome
 * of its request unknown: it may lack its body, whatever its status; what follows its fields and is no TLV is left out;
 * if it reports an error, fields that cannot be read are empty. A string at the end of any PDU may lack its terminator,
 * and up to three NULs may follow. Every PDU may carry TLVs, as in SMPP 5.0.
 *
 * `isLenient`: also of requests what can be read counts. Strings and the short message may be longer than their fields,
 * the short message shorter than it says, and TLVs end where they break. For the side that would get the same request
 * again and again if it refused it.
 */
export function decodePdu(frame: Buffer, isLenient = false): PduReading | PduFault {
  const commandId = frame.readUInt32BE(4)
  const [status, sequence] = [frame.readUInt32BE(8), frame.readUInt32BE(12)]
  const known = BY_COMMAND_ID.get(commandId)
  if (known === undefined) return unknownCommand(commandId, sequence)
  const { command, grammar } = known
  const pdu: Record<string, unknown> = { command, sequence, status }
  const isResponse = commandId >= RESPONSE_BIT
  const cursor = new ByteCursor(frame, HEADER_OCTETS, isLenient)
  const hasBody = !isResponse || frame.length > HEADER_OCTETS
  const { names, kinds } = grammar
  for (let index = 0; index < names.length; index++)
    pdu[names[index]!] = hasBody ? kinds[index]!.read(cursor) : kinds[index]!.empty
  const areFieldsSound = cursor.isSound
  pdu.tlvs = readTlvs(cursor)
  if (areFieldsSound && (cursor.isSound || isResponse || isLenient)) {
    // The grammar, from which the type follows, names each of the fields.
    const reading = { kind: 'pdu', pdu: pdu as unknown as Pdu, length: frame.length } as const
    return isLenient && !cursor.isSound ? { ...reading, leftOut: `${command}: ${cursor.detail}` } : reading
  }
  if (isResponse && status !== 0)
    return { kind: 'pdu', pdu: createPdu(command, sequence, { status }), length: frame.length }
  return {
    kind: 'fault',
    reason: 'body',
    status: cursor.status,
    sequence,
    commandId,
    command,
    isFatal: false,
    detail: cursor.detail,
  }
}

function unknownCommand(commandId: number, sequence: number): PduFault {
  return {
    kind: 'fault',
    reason: 'unknown-command',
    status: COMMAND_STATUS.ESME_RINVCMDID.code,
    sequence,
    commandId,
    command: null,
    isFatal: false,
    detail: `command 0x${commandId.toString(16).padStart(8, '0')} is unknown`,
  }
}

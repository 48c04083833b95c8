import { encodePdu } from '../smpp/encode-pdu.ts'
import { createPdu } from '../smpp/pdu.ts'

const HEADER_OCTETS = 16

/**
 * Well-formed answers that say a submit was taken and give no id by which it could be found again. SMSCs are known to
 * leave the id empty, to leave out the body, and to fill it with what was left in a buffer.
 */
const ODD_ANSWERS: readonly ((sequence: number) => Buffer)[] = [
  (sequence) => answerWith(sequence, ''),
  (sequence) => answerWith(sequence, '   '),
  (sequence) => answerWith(sequence, '\r\n\t'),
  (sequence) => withoutBody(answerWith(sequence, '')),
]

/** An answer to the submit of that sequence number; `chance`, from 0 to below 1, decides which. */
export function oddAnswer(sequence: number, chance: number): Buffer {
  return ODD_ANSWERS[Math.floor(chance * ODD_ANSWERS.length)]!(sequence)
}

function answerWith(sequence: number, messageId: string): Buffer {
  return encodePdu(createPdu('submit_sm_resp', sequence, { messageId }))
}

function withoutBody(answer: Buffer): Buffer {
  const header = Buffer.from(answer.subarray(0, HEADER_OCTETS))
  header.writeUInt32BE(HEADER_OCTETS, 0)
  return header
}

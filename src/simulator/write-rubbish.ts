import { encodePdu } from '../smpp/encode-pdu.ts'
import { type CommandName, createPdu } from '../smpp/pdu.ts'
import { draw } from './behaviour.ts'

/** Sequence numbers that neither side uses, so that no request awaits their answers. */
const SEQUENCE_FIRST = 0x7000_0000
const DELIVERY_RECEIPT = 0x04
const UNKNOWN_COMMAND = 0x0000_0ff0

/** PDUs that a peer has to survive: none of them is about a message that was submitted. */
const RUBBISH: readonly ((sequence: number, chance: number) => Buffer)[] = [
  (sequence, chance) =>
    receipt(sequence, `id:${noId(chance)} submit date:0000000000 done date:9999999999 stat:DELIVRD`),
  (sequence, chance) => receipt(sequence, `id:${noId(chance)} stat:WHATEVER err:\u0000\u0007`),
  (sequence) => receipt(sequence, 'id: sub:001 dlvrd:001 stat:DELIVRD err:000 text:'),
  (sequence) => receipt(sequence, ''),
  (sequence, chance) => receipt(sequence, noise(chance, 200)),
  (sequence, chance) =>
    withTail(receipt(sequence, `id:${noId(chance)} stat:UNDELIV`), Buffer.from('140100146162', 'hex')),
  (sequence, chance) => withTail(receipt(sequence, `id:${noId(chance)} stat:UNDELIV`), hugeTlv()),
  (sequence, chance) => deliver(sequence, 0, noise(chance, 140)),
  (sequence) => encodePdu(createPdu('data_sm', sequence, { sourceAddr: '\u001b[2J', esmClass: DELIVERY_RECEIPT })),
  (sequence) => encodePdu(createPdu('alert_notification', sequence, { sourceAddr: '1' })),
  (sequence) => withCommand(encodePdu(createPdu('enquire_link', sequence)), UNKNOWN_COMMAND),
  (sequence) => answerToNothing('submit_sm_resp', sequence),
  (sequence) => answerToNothing('generic_nack', sequence),
  (sequence) => answerToNothing('query_sm_resp', sequence),
  (sequence) => answerToNothing('bind_transceiver_resp', sequence),
]

/** A PDU that fits nothing; the same `chance`, from 0 to below 1, writes the same one. */
export function writeRubbish(chance: number): Buffer {
  const kind = Math.floor(chance * RUBBISH.length)
  return RUBBISH[kind]!(SEQUENCE_FIRST + Math.floor(chance * 0x0fff_ffff), chance)
}

function receipt(sequence: number, text: string): Buffer {
  return deliver(sequence, DELIVERY_RECEIPT, text)
}

function deliver(sequence: number, esmClass: number, text: string): Buffer {
  const shortMessage = Buffer.from(text, 'latin1')
  const [sourceAddr, destinationAddr] = ['989000009999', '30001234']
  return encodePdu(createPdu('deliver_sm', sequence, { esmClass, shortMessage, sourceAddr, destinationAddr }))
}

function answerToNothing(command: CommandName, sequence: number): Buffer {
  return encodePdu(createPdu(command, sequence))
}

/** Lies beyond what the simulator gives out. */
function noId(chance: number): string {
  return `zz${Math.floor(chance * 1e9)}`
}

function noise(chance: number, octets: number): string {
  const octet = (at: number): number => Math.floor(draw(`${chance} ${at}`) * 256)
  return String.fromCharCode(...Array.from({ length: octets }, (_, at) => octet(at)))
}

function hugeTlv(): Buffer {
  const octets = 30_000
  return Buffer.concat([Buffer.from([0x04, 0x24, octets >> 8, octets & 0xff]), Buffer.alloc(octets, 0xff)])
}

function withTail(pdu: Buffer, tail: Buffer): Buffer {
  const whole = Buffer.concat([pdu, tail])
  whole.writeUInt32BE(whole.length, 0)
  return whole
}

function withCommand(pdu: Buffer, command: number): Buffer {
  pdu.writeUInt32BE(command, 4)
  return pdu
}

import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu, createResponse, type PduOf } from '../../src/smpp/pdu.ts'
import type { SeededRandom } from '../chaos/campaign/seeded-random.ts'
import { type OddAnswer, rubbish } from './odd-http-answers.ts'
import { type ScriptedLink, ScriptedSmsc } from './scripted-smsc.ts'

type Submit = PduOf<'submit_sm'>

interface OddSmppAnswer extends OddAnswer {
  readonly write: (submit: Submit, link: ScriptedLink, random: SeededRandom) => void
}

function odd(
  name: string,
  outcomes: OddAnswer['outcomes'],
  write: OddSmppAnswer['write'] | ((submit: Submit, link: ScriptedLink, random: SeededRandom) => unknown),
): OddSmppAnswer {
  return { name, outcomes, write }
}

/** A PDU of any octets behind its length. */
function frame(commandId: number, status: number, sequence: number, body = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32BE(16 + body.length, 0)
  header.writeUInt32BE(commandId, 4)
  header.writeUInt32BE(status, 8)
  header.writeUInt32BE(sequence, 12)
  return Buffer.concat([header, body])
}

const SUBMIT_SM_RESP = 0x8000_0004
const named = (link: ScriptedLink, submit: Submit, messageId: string): void =>
  link.send(createResponse(submit, { messageId }))
const withBody = (link: ScriptedLink, { sequence }: Submit, body: string, status = 0): void =>
  link.sendBytes(frame(SUBMIT_SM_RESP, status, sequence, Buffer.from(body, 'latin1')))

const ODD_SMPP_ANSWERS: readonly OddSmppAnswer[] = [
  odd('an id', ['sent'], (submit, link, random) => named(link, submit, `s${random.next()}`)),
  odd('an id with controls', ['sent'], (submit, link, random) =>
    named(link, submit, `\u0001\u001b${random.next()}\u009f`),
  ),
  odd('an id of 255 octets', ['sent'], (submit, link, random) =>
    named(link, submit, `${random.next()}`.padEnd(255, 'x')),
  ),
  odd('an id without its end', ['sent'], (submit, link, random) => withBody(link, submit, `${random.next()}`)),
  odd('an id and a broken TLV', ['sent'], (submit, link, random) =>
    withBody(link, submit, `${random.next()}\0\u0014\u0001\0\xffab`),
  ),
  odd('an id and rubbish', ['sent'], (submit, link, random) =>
    withBody(link, submit, `${random.next()}\0${rubbish(random, 40)}`),
  ),
  odd('an id twice', ['sent'], (submit, link, random) => {
    const id = `${random.next()}`
    named(link, submit, id)
    named(link, submit, id)
  }),
  odd('an id among enquiries', ['sent'], (submit, link, random) => {
    for (let count = 1; count <= 50; count++) link.send(createPdu('enquire_link', count))
    named(link, submit, `${random.next()}`)
  }),
  odd('no id', ['unidentified'], (submit, link) => named(link, submit, '')),
  odd('no body', ['unidentified'], (submit, link) => withBody(link, submit, '')),
  odd('an id of controls', ['unidentified'], (submit, link) => named(link, submit, '\u0001\u0007 \u0080')),
  odd('an id beyond all measure', ['unidentified'], (submit, link) => withBody(link, submit, `${'9'.repeat(2_000)}\0`)),
  odd('a refusal', ['rejected'], (submit, link) => link.send(createResponse(submit, { status: 0x0b }))),
  odd('a refusal for now', ['temporary'], (submit, link) => link.send(createResponse(submit, { status: 0x08 }))),
  odd('a refusal for pace', ['throttled'], (submit, link) => link.send(createResponse(submit, { status: 0x58 }))),
  odd('an unknown refusal', ['temporary'], (submit, link) => withBody(link, submit, '', 0xffff_ffff)),
  odd('a refusal with rubbish', ['rejected'], (submit, link, random) =>
    withBody(link, submit, rubbish(random, 300), 0x0b),
  ),
  odd('a nack', ['rejected'], ({ sequence }, link) => link.send(createPdu('generic_nack', sequence, { status: 3 }))),
  odd('a nack of nothing', ['temporary'], ({ sequence }, link) => link.send(createPdu('generic_nack', sequence))),
  odd('silence', ['ambiguous'], () => {}),
  odd('an answer to another', ['ambiguous'], (_submit, link) => link.sendBytes(frame(SUBMIT_SM_RESP, 0, 0x7fff_fff0))),
  odd('an answer of another kind', ['ambiguous'], ({ sequence }, link) =>
    link.sendBytes(frame(0x8000_0005, 0, sequence)),
  ),
  odd('an answer of no kind', ['ambiguous'], ({ sequence }, link) => link.sendBytes(frame(0x8000_0999, 0, sequence))),
  odd('a request of no kind', ['ambiguous'], ({ sequence }, link) => link.sendBytes(frame(0x999, 0, sequence))),
  odd('half an answer', ['ambiguous'], ({ sequence }, link) => {
    link.sendBytes(frame(SUBMIT_SM_RESP, 0, sequence, Buffer.from('12345\0')).subarray(0, 19))
    link.cut()
  }),
  odd('a cut', ['ambiguous'], (_submit, link) => link.cut()),
  odd('a length that is none', ['ambiguous'], (_submit, link) => link.sendBytes(Buffer.from([0, 0, 0, 3, 0, 0, 0, 0]))),
  odd('a length without end', ['ambiguous'], (_submit, link) => link.sendBytes(Buffer.alloc(64, 0x7f))),
  odd('HTTP', ['ambiguous'], (_submit, link) => link.sendBytes(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  odd('an unbind', ['ambiguous'], (_submit, link) => link.sendBytes(encodePdu(createPdu('unbind', 77)))),
]

/** By which parameter submits say whose they are: `<sms_id>.<attempt>.<part>`. */
export const REFERENCE_TAG = 0x1501

/** The attempt that a submit is of, as `<sms_id>.<attempt>`. */
export function refOf({ tlvs }: Submit): string {
  const reference = tlvs.find(({ tag }) => tag === REFERENCE_TAG)!.value.toString('latin1')
  return reference.split('.').slice(0, 2).join('.')
}

/**
 * An SMSC that answers each submit by one of these, drawn anew; `drawn` hears of which. `takes` may answer a submit
 * itself: then it returns true, and nothing is drawn.
 */
export function startOddSmsc(
  random: SeededRandom,
  drawn: (ref: string, answer: OddAnswer) => void,
  takes: (submit: Submit, link: ScriptedLink) => boolean = () => false,
): Promise<ScriptedSmsc> {
  return ScriptedSmsc.start((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    if (takes(pdu, link)) return true
    const answer = random.pick(ODD_SMPP_ANSWERS)
    drawn(refOf(pdu), answer)
    answer.write(pdu, link, random)
    return true
  })
}

import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu } from '../../src/smpp/pdu.ts'
import { createTlv } from '../../src/smpp/tlv.ts'
import type { Draw } from '../smpp/mutate-pdus.ts'

/** A message that the operator took, which an odd receipt may name. */
export interface TakenByOperator {
  readonly id: string
  /** E.164. */
  readonly phone: string
}

/** A deliver_sm as only a broken SMSC would send it, whole enough that its number can be read. */
export interface OddDelivery {
  readonly name: string
  readonly frame: Buffer
}

/** A request of an HTTP operator: what follows `?`, and the rest. */
export interface OddCallback {
  readonly name: string
  readonly query: string
  readonly init: RequestInit
}

const STATES = ['DELIVRD', 'UNDELIV', 'EXPIRED', 'ENROUTE', 'UNKNOWN', '11', 'WHATEVER', '', '\0', '2']
const WORDS = ['a whole receipt', 'an id and a state', 'any text']
const DAMAGES = ['octets too many', 'cut short', 'an octet changed', 'whole', 'whole', 'whole']
const BODIES = ['JSON', 'half a JSON', 'ids as long numbers', 'Latin-1', 'noise', 'no body']

/** Draws receipts and callbacks that no operator should send. `taken` gives a message for those that name one. */
export class OddReceipts {
  readonly #draw: Draw
  readonly #taken: () => TakenByOperator

  constructor(draw: Draw, taken: () => TakenByOperator) {
    this.#draw = draw
    this.#taken = taken
  }

  delivery(sequence: number): OddDelivery {
    const draw = this.#draw
    const form = draw(WORDS.length)
    const words = [
      `id:${this.#id()} sub:001 dlvrd:001 submit date:${draw(10_000)} done date:${draw(2) ? '2611241157' : this.#text()} stat:${STATES[draw(STATES.length)]} err:${this.#text()} text:${this.#text()}`,
      `id:${this.#id()} ${STATES[draw(STATES.length)]}`,
      this.#text(),
    ][form]!
    const frame = encodePdu(
      createPdu('deliver_sm', sequence, {
        esmClass: [4, 4, 4, 4, 0, 8, 0x20, 0x44, 0x40, draw(256)][draw(10)]!,
        dataCoding: [0, 0, 0, 3, 8, draw(256)][draw(6)]!,
        sourceAddr: Buffer.from(this.#address(), 'latin1').toString('latin1').replaceAll('\0', '?').slice(0, 20),
        shortMessage: Buffer.from(words, 'latin1').subarray(0, draw(255)),
        tlvs: this.#tlvs(words),
      }),
    )
    const damage = draw(DAMAGES.length)
    const damaged = this.#damage(damage, frame)
    damaged.writeUInt32BE(damaged.length, 0)
    damaged.writeUInt32BE(5, 4)
    damaged.writeUInt32BE(sequence, 12)
    return { name: `${WORDS[form]}, ${DAMAGES[damage]}`, frame: damaged }
  }

  /** Without the operator's token, which is the caller's to add. */
  callback(): OddCallback {
    const draw = this.#draw
    const state = ['DELIVERED', 'FAILED', 'QUEUED', 'delivered', this.#text(), ''][draw(6)]!
    const fields = { id: this.#id(), state, to: this.#address(), text: this.#text() }
    const encoded = Object.entries(fields)
      .map(([name, value]) => `${name}=${draw(4) ? encodeURIComponent(value.toWellFormed()) : '%E9%00%zz%'}`)
      .join('&')
    const json = JSON.stringify(draw(4) ? fields : [fields, fields, draw(100), null, 'x'])
    const bodies = [
      json,
      json.slice(0, draw(json.length)),
      json.replace(/"id":"[^"]*?(\d+)"/, '"id":7091800003790954$1'),
      Buffer.from(json, 'latin1'),
      Buffer.from(Array.from({ length: draw(200) }, () => draw(256))),
      '',
    ]
    const headers = {
      'content-type': ['application/json', 'text/plain', 'application/x-www-form-urlencoded'][draw(3)]!,
    }
    if (draw(3) === 0) return { name: 'in the query', query: encoded, init: {} }
    const body = draw(bodies.length)
    const query = draw(2) ? encoded : ''
    const name = query === '' ? BODIES[body]! : `${BODIES[body]}, and in the query`
    return { name, query, init: { method: 'POST', headers, body: bodies[body]! } }
  }

  #tlvs(words: string) {
    const draw = this.#draw
    return [
      ...(draw(3) ? [] : [{ tag: 0x1e, value: Buffer.from(this.#id(), 'latin1') }]),
      ...(draw(3) ? [] : [createTlv('message_state', draw(256))]),
      ...(draw(20) ? [] : [{ tag: 0x1401 + draw(3), value: Buffer.alloc(draw(60_000), draw(256)) }]),
      ...(draw(5) ? [] : [createTlv('message_payload', Buffer.from(words + this.#text(), 'latin1'))]),
    ]
  }

  #damage(kind: number, frame: Buffer): Buffer {
    const draw = this.#draw
    if (kind === 0) return Buffer.concat([frame, Buffer.from(Array.from({ length: 1 + draw(20) }, () => draw(256)))])
    if (kind === 1) return Buffer.from(frame.subarray(0, 16 + draw(frame.length - 15)))
    if (kind === 2) frame[16 + draw(frame.length - 16)] = draw(256)
    return Buffer.from(frame)
  }

  /** Text that no operator should send, and some that every operator does. */
  #text(): string {
    const draw = this.#draw
    const pieces = [
      ...['id:', 'stat:', 'DELIVRD', '\0', '\u0085', 'é', '\ud800', ' ', '%', '&', '"', "'", '\\', '{}'],
      ...['9'.repeat(draw(300)), '٠', '\u2028'],
    ]
    return Array.from({ length: draw(6) }, () => pieces[draw(pieces.length)]!).join('')
  }

  #id(): string {
    const known = this.#taken().id
    return [
      known,
      known.toUpperCase(),
      `00${known}`,
      `${known}\0`,
      ` ${known} `,
      `nobody's ${this.#draw(1_000)}`,
      this.#text(),
      '',
    ][this.#draw(8)]!
  }

  #address(): string {
    const digits = this.#taken().phone.slice(1)
    return [
      ...[digits, `0${digits.slice(2)}`, `00${digits}`, '', 'Acme', '10008'],
      ...[this.#text(), `${digits.slice(0, 5)}***`],
    ][this.#draw(8)]!
  }
}

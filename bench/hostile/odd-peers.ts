import { statusName } from '../../src/smpp/command-status.ts'
import { createPdu, createResponse, type PduOf } from '../../src/smpp/pdu.ts'
import { SeededRandom } from '../../test/chaos/campaign/seeded-random.ts'
import { type HttpSubmit, type OddAnswer, startOddAggregator } from '../../test/servers/odd-http-answers.ts'
import { type OddCallback, OddReceipts, type TakenByOperator } from '../../test/servers/odd-receipts.ts'
import { startOddSmsc } from '../../test/servers/odd-smpp-answers.ts'
import { type ScriptedLink, ScriptedSmsc } from '../../test/servers/scripted-smsc.ts'
import { drawFrom } from '../../test/smpp/mutate-pdus.ts'

export const ODD_OPERATORS = ['odd-smpp', 'odd-http', 'odd-receipts', 'odd-callbacks'] as const
export type OddOperator = (typeof ODD_OPERATORS)[number]

export const CALLBACK_TOKEN = 'bench'
/** What a receipt or callback is called that is as agreed. */
export const AS_AGREED = 'as agreed'
/** In the place of the status of a callback whose connection ended. */
export const NO_ANSWER = 'none'

/** What the gateway answered to receipts or callbacks, by their names and its statuses. */
export type Answers = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What the peers did so far. */
export interface PeersReport {
  /** Odd answers to submits: `<sms_id>.<attempt>`, the answer's name, and what the attempt may have come to. */
  readonly answers: readonly (readonly [ref: string, name: string, outcomes: OddAnswer['outcomes']])[]
  /** Of `odd-receipts` and of `odd-callbacks`, those as agreed among them. */
  readonly receiptsSent: number
  readonly callbacksSent: number
  readonly receipts: Answers
  readonly callbacks: Answers
}

type Submit = PduOf<'submit_sm'>

/** From taking a message to its receipt. */
const RECEIPT_MS = 50
/** Odd receipts for a submit: of two operators that send them as many as of four that are calm. */
const ODD_PER_SUBMIT = 2
/** Messages that odd receipts may name. */
const REMEMBERED = 1_000

/**
 * Four operators. As long as they are calm, all take what they are sent and send a receipt for each. Hostile, one
 * answers submits oddly over SMPP and one over HTTP; one takes messages over SMPP and sends odd receipts, one does so
 * over HTTP by odd callbacks.
 */
export class OddPeers {
  isHostile = false
  /** Where the gateway takes callbacks: the address before `/receipts/`. */
  receiptsUrl = ''
  readonly #seed: number
  readonly #answers: [string, string, OddAnswer['outcomes']][] = []
  readonly #receipts = new ReceiptTally()
  readonly #callbacks = new ReceiptTally()
  readonly #overSmpp: Sender
  readonly #overHttp: Sender
  /** Names of receipts that await their answer, on each connection by sequence number. */
  readonly #awaited = new Map<ScriptedLink, Map<number, string>>()
  readonly #stops: (() => Promise<unknown>)[] = []
  #ids = 0
  #sequence = 0

  constructor(seed: number) {
    this.#seed = seed
    this.#overSmpp = new Sender(seed + 2)
    this.#overHttp = new Sender(seed + 3)
  }

  /** Resolves to where each operator listens. */
  async start(): Promise<Record<OddOperator, string>> {
    const drawn = (ref: string, { name, outcomes }: OddAnswer): void => void this.#answers.push([ref, name, outcomes])
    const oddSmsc = await startOddSmsc(new SeededRandom(this.#seed), drawn, (submit, link) => {
      if (!this.isHostile) this.#confirm(link, this.#take(submit, link))
      return !this.isHostile
    })
    const oddAggregator = await startOddAggregator(new SeededRandom(this.#seed + 1), drawn, (submit) => {
      if (this.isHostile) return null
      const taken = this.#takeHttp(submit)
      soon(() => void this.#call('odd-http', agreedCallback(taken)))
      return taken.id
    })
    const receiptSmsc = await ScriptedSmsc.start((pdu, link) => {
      if (pdu.command === 'deliver_sm_resp') this.#receiptAnswered(link, pdu)
      if (pdu.command === 'submit_sm') this.#sendReceipts(this.#take(pdu, link), link)
      return pdu.command === 'submit_sm'
    })
    const callbackAggregator = await startOddAggregator(new SeededRandom(0), drawn, (submit) => {
      const taken = this.#takeHttp(submit)
      this.#sendCallbacks(taken)
      return taken.id
    })
    this.#stops.push(...[oddSmsc, oddAggregator, receiptSmsc, callbackAggregator].map((peer) => () => peer.stop()))
    return {
      'odd-smpp': oddSmsc.address,
      'odd-http': oddAggregator.url,
      'odd-receipts': receiptSmsc.address,
      'odd-callbacks': callbackAggregator.url,
    }
  }

  report(): PeersReport {
    const { sent: receiptsSent, answers: receipts } = this.#receipts
    const { sent: callbacksSent, answers: callbacks } = this.#callbacks
    return { answers: this.#answers, receipts, callbacks, receiptsSent, callbacksSent }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()))
  }

  #take(submit: Submit, link: ScriptedLink): TakenByOperator {
    const id = `o${++this.#ids}`
    link.send(createResponse(submit, { messageId: id }))
    return { id, phone: `+${submit.destinationAddr}` }
  }

  #takeHttp({ to }: HttpSubmit): TakenByOperator {
    return { id: `o${++this.#ids}`, phone: `+${to}` }
  }

  #confirm(link: ScriptedLink, { id, phone }: TakenByOperator): number {
    const sequence = ++this.#sequence
    const shortMessage = Buffer.from(`id:${id} stat:DELIVRD err:000`)
    const receipt = { esmClass: 4, sourceAddr: phone.slice(1), shortMessage }
    soon(() => link.send(createPdu('deliver_sm', sequence, receipt)))
    return sequence
  }

  #sendReceipts(taken: TakenByOperator, link: ScriptedLink): void {
    this.#overSmpp.remember(taken)
    const awaited = this.#awaited.get(link) ?? new Map<number, string>()
    this.#awaited.set(link, awaited)
    if (!this.isHostile) {
      awaited.set(this.#confirm(link, taken), AS_AGREED)
      this.#receipts.sent++
      return
    }
    for (let count = 0; count < ODD_PER_SUBMIT; count++) {
      const sequence = ++this.#sequence
      const { name, frame } = this.#overSmpp.odd.delivery(sequence)
      awaited.set(sequence, name)
      this.#receipts.sent++
      soon(() => link.sendBytes(frame))
    }
  }

  #receiptAnswered(link: ScriptedLink, { sequence, status }: PduOf<'deliver_sm_resp'>): void {
    const name = this.#awaited.get(link)?.get(sequence)
    if (name === undefined) return
    this.#awaited.get(link)!.delete(sequence)
    this.#receipts.answered(name, statusName(status) ?? String(status))
  }

  #sendCallbacks(taken: TakenByOperator): void {
    this.#overHttp.remember(taken)
    const count = this.isHostile ? ODD_PER_SUBMIT : 1
    for (let sent = 0; sent < count; sent++) {
      const callback = this.isHostile ? this.#overHttp.odd.callback() : agreedCallback(taken)
      this.#callbacks.sent++
      soon(() => {
        this.#call('odd-callbacks', callback)
          .then((status) => this.#callbacks.answered(callback.name, status))
          .catch(console.error)
      })
    }
  }

  /** Resolves to the status of the answer. */
  async #call(operator: OddOperator, { query, init }: OddCallback): Promise<string> {
    const url = `${this.receiptsUrl}/receipts/${operator}?token=${CALLBACK_TOKEN}&${query}`
    try {
      const answer = await fetch(url, init)
      await answer.arrayBuffer()
      return String(answer.status)
    } catch {
      return NO_ANSWER
    }
  }
}

/** Draws what an operator sends about the messages that it took last. */
class Sender {
  readonly odd: OddReceipts
  readonly #taken: TakenByOperator[] = []
  #count = 0

  constructor(seed: number) {
    const draw = drawFrom(seed)
    this.odd = new OddReceipts(draw, () => this.#taken[draw(this.#taken.length)]!)
  }

  remember(taken: TakenByOperator): void {
    this.#taken[this.#count++ % REMEMBERED] = taken
  }
}

/** Counts what was sent, and by its name what the gateway answered. */
class ReceiptTally {
  readonly answers: Record<string, Record<string, number>> = {}
  sent = 0

  answered(name: string, status: string): void {
    this.answers[name] ??= {}
    const counts = this.answers[name]
    counts[status] = (counts[status] ?? 0) + 1
  }
}

function agreedCallback({ id, phone }: TakenByOperator): OddCallback {
  return { name: AS_AGREED, query: `id=${id}&state=DELIVERED&to=${phone.slice(1)}`, init: {} }
}

function soon(send: () => void): void {
  setTimeout(send, RECEIPT_MS)
}

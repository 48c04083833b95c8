/*
  How the gateway speaks to the simulator operator: one JSON object a line, both ways, over TCP. It has what SMPP has,
  a submit with its answer and a receipt with its acknowledgement, and nothing that SMPP has not: a receipt names the
  operator's id alone, and an answer may never come.
*/

export interface SimulatorSubmit {
  readonly op: 'submit'
  readonly seq: number
  /** Message and attempt; only for the simulator's ledger, by which the gateway is audited. */
  readonly ref: string
  readonly to: string
  readonly from: string | null
  readonly text: string
  readonly segments: number
}

interface SimulatorReceiptAck {
  readonly op: 'receipt-ack'
  readonly id: string
}

export type ToSimulator = SimulatorSubmit | SimulatorReceiptAck

type SimulatorRefusal = 'temporary' | 'throttled' | 'rejected'

export type SimulatorAnswer =
  | { readonly op: 'answer'; readonly seq: number; readonly id: string }
  | { readonly op: 'answer'; readonly seq: number; readonly refusal: SimulatorRefusal; readonly code: string }

export interface SimulatorReceipt {
  readonly op: 'receipt'
  readonly id: string
  readonly status: 'delivered' | 'failed'
  readonly code: string | null
  readonly at: string
}

export type FromSimulator = SimulatorAnswer | SimulatorReceipt

/** Longer lines are garbage: a message has at most 255 segments of 140 octets. */
const LINE_CHARACTERS_MAX = 262_144

export function writeLine(message: ToSimulator | FromSimulator): string {
  return `${JSON.stringify(message)}\n`
}

/** Cuts a stream into lines and parses them. Throws on a line that is not JSON or too long: the peer is not one of ours. */
export class LineReader<Message> {
  #rest = ''

  push(chunk: string): Message[] {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop()!
    if (this.#rest.length > LINE_CHARACTERS_MAX) throw new Error('a line is too long')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Message)
  }
}

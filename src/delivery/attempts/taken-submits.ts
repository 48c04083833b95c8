import { metadataUnits } from '../../domain/customer-notes.ts'
import type { TakenSubmit } from '../receipts/publish-receipts.ts'
import { chooseSubmit, type ReceiptToPlace, type SubmitCandidate, type SubmitChoice } from './choose-submit.ts'

const SUBMITS_MAX = 200_000
/** With one id: an operator that answers each submit alike must not make each receipt a search through all of them. */
const SUBMITS_OF_ID_MAX = 1_000
/** Of a message with more metadata, memory has no room for its submits. */
const METADATA_UNITS_MAX = 256

type Remembered = SubmitCandidate & { readonly taken: TakenSubmit }

/** The submits of this worker that await receipts. Bounded: what it has forgotten is found in the tables. */
export class TakenSubmits {
  /** By operator and id, in the order in which they were taken. */
  readonly #byId = new Map<string, Remembered[]>()
  #size = 0

  add(taken: TakenSubmit): void {
    const { customer_metadata: metadata } = taken.carried
    if (metadata && metadataUnits(metadata) > METADATA_UNITS_MAX) return
    const { smsId, attempt, part, phone, takenAtMs } = taken
    const key = keyOf(taken.operator, taken.operatorMessageId)
    const sharing = this.#byId.get(key) ?? []
    sharing.push({ smsId, attempt, part, phone, takenAtMs, receiptStatus: null, isUnderWay: false, taken })
    this.#size++
    if (sharing.length === 1) this.#byId.set(key, sharing)
    if (sharing.length > SUBMITS_OF_ID_MAX) this.#forget(key, sharing, sharing[0]!)
    const oldest = this.#size > SUBMITS_MAX ? this.#byId.entries().next().value : undefined
    if (oldest) this.#forget(oldest[0], oldest[1], oldest[1][0]!)
  }

  /** Whose receipt it is, of those that are remembered. The submit is forgotten, so that the next receipt is another's. */
  claim(operator: string, id: string, receipt: ReceiptToPlace): SubmitChoice<SubmitCandidate>['kind'] | TakenSubmit {
    const key = keyOf(operator, id)
    const sharing = this.#byId.get(key) ?? []
    const choice = chooseSubmit(sharing, receipt)
    if (choice.kind !== 'open') return choice.kind
    this.#forget(key, sharing, choice.submit)
    return choice.submit.taken
  }

  #forget(key: string, sharing: Remembered[], submit: Remembered): void {
    sharing.splice(sharing.indexOf(submit), 1)
    this.#size--
    if (sharing.length === 0) this.#byId.delete(key)
  }
}

function keyOf(operator: string, operatorMessageId: string): string {
  return `${operator} ${operatorMessageId}`
}

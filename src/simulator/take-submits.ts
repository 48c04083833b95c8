import type { Values } from '../runtime/settings.ts'
import { COMMAND_STATUS, readStatus } from '../smpp/command-status.ts'
import { encodePdu } from '../smpp/encode-pdu.ts'
import { createResponse, type Pdu } from '../smpp/pdu.ts'
import { draw, type SubmitFate, type Treatment, treat } from './behaviour.ts'
import type { simulatorSettings } from './config.ts'
import type { CurrentBehaviour } from './current-behaviour.ts'
import { DueQueue } from './due-queue.ts'
import { type GarbledAnswer, garbleAnswer } from './garble-answer.ts'
import { MessageIds, spellId } from './message-id.ts'
import { oddAnswer } from './odd-answer.ts'
import { RateLimit } from './rate-limit.ts'
import { type ReceivedSubmit, readSubmit } from './read-submit.ts'
import { submissionEntry, takeMessage } from './record-submit.ts'
import type { ReceiptDesk } from './send-receipts.ts'
import type { Session, SubmitPdu } from './session.ts'
import type { SubmissionLedger } from './submission-ledger.ts'
import type { TakenMessage } from './taken-message.ts'

/** Messages whose receipts are outstanding beyond which the queue is full. */
const OUTSTANDING_MAX = 1_000_000
/** Between two tries to write the ledger while the disk is full. */
const FULL_DISK_RETRY_MS = 500

interface DueSubmit {
  readonly session: Session
  readonly pdu: SubmitPdu
  readonly submit: ReceivedSubmit
  readonly treatment: Treatment
  readonly isBeyondWindow: boolean
  readonly arrivedMs: number
}

/** How a submit ends: what the peer gets, if anything. */
interface Decision {
  readonly session: Session
  readonly fate: SubmitFate
  /** Of what is taken. */
  readonly message: TakenMessage | null
  readonly answer: Pdu
  readonly garbled: GarbledAnswer | null
  /** By how much the receipt comes before the answer, if it is early. */
  readonly earlyMs: number
}

interface HeldAnswer {
  readonly session: Session
  readonly answer: Pdu
}

export interface SubmitDeskOptions {
  readonly settings: Values<typeof simulatorSettings>
  readonly behaviour: Pick<CurrentBehaviour, 'current'>
  readonly ledger: SubmissionLedger
  readonly receipts: ReceiptDesk
}

/** Accepts or refuses submits, as their treatment says. The ledger has each before its answer or receipt is sent. */
export class SubmitDesk {
  readonly #options: SubmitDeskOptions
  readonly #due = new DueQueue<DueSubmit>((due) => this.#decideAll(due))
  readonly #held = new DueQueue<HeldAnswer>((due) => {
    for (const { session, answer } of due) session.write(answer)
  })
  readonly #ids = new MessageIds(Date.now())
  readonly #rate: RateLimit
  /** Submits of this tick that are to be answered without delay. */
  #now: DueSubmit[] = []
  /** Decided, and not answered as the ledger could not be written; as many as the windows of the peers allow. */
  #unanswered: Decision[] = []
  #retry: NodeJS.Timeout | null = null
  #submits = 0

  constructor(options: SubmitDeskOptions) {
    this.#options = options
    this.#rate = new RateLimit(options.settings.SIMULATOR_RATE_PER_SECOND, options.settings.SIMULATOR_RATE_MS)
  }

  /** Submits decided so far. */
  get submits(): number {
    return this.#submits
  }

  take(session: Session, pdu: SubmitPdu): void {
    const submit = readSubmit(pdu)
    if (!submit) {
      session.write(createResponse(pdu, { status: COMMAND_STATUS.ESME_RINVESMCLASS.code }))
      return
    }
    const { settings } = this.#options
    const treatment = treat(this.#options.behaviour.current, submit.key)
    const isBeyondWindow = settings.SIMULATOR_WINDOW > 0 && session.inFlight >= settings.SIMULATOR_WINDOW
    const arrivedMs = Date.now()
    const due = { session, pdu, submit, treatment, isBeyondWindow, arrivedMs }
    session.inFlight++
    if (treatment.latencyMs > 0) {
      this.#due.add(due, arrivedMs + treatment.latencyMs)
      return
    }
    if (this.#now.length === 0) setImmediate(() => this.#decideAll(this.#now.splice(0)))
    this.#now.push(due)
  }

  stop(): void {
    this.#due.stop()
    this.#held.stop()
    this.#now = []
    if (this.#retry) clearTimeout(this.#retry)
  }

  /** Decides over submits, writes all of it down, and only then answers. */
  #decideAll(due: readonly DueSubmit[]): void {
    this.#unanswered.push(...due.map((each) => this.#decide(each)))
    this.#answerAll()
  }

  #answerAll(): void {
    if (!this.#options.ledger.flush()) {
      this.#retry ??= setTimeout(() => {
        this.#retry = null
        this.#answerAll()
      }, FULL_DISK_RETRY_MS)
      return
    }
    const decisions = this.#unanswered.splice(0)
    const decided = new Map<Session, number>()
    for (const decision of decisions) {
      this.#sendReceipt(decision)
      decided.set(decision.session, (decided.get(decision.session) ?? 0) + 1)
    }
    for (const [session, submits] of decided) {
      session.flush()
      session.release(submits)
    }
  }

  #decide({ session, pdu, submit, treatment, isBeyondWindow, arrivedMs }: DueSubmit): Decision {
    const nowMs = Date.now()
    const { ledger, settings } = this.#options
    this.#submits++
    const fate = this.#fateNow(treatment.fate, nowMs, isBeyondWindow, session)
    const message = takeMessage(session, submit, treatment, fate, () => this.#ids.next(), nowMs)
    const status = this.#statusOf(fate)
    const times = { arrivedMs, decidedMs: nowMs }
    if (ledger.isKept) ledger.add(submissionEntry(session, submit, fate, status, message, times))
    const messageId = message ? spellId(message.id, settings.SIMULATOR_ID_ANSWER) : ''
    const answer = createResponse(pdu, { status: readStatus(status), messageId })
    const garbled = this.#damage(fate, answer, submit.key.submit)
    if (garbled?.spoilsRest || fate === 'cut' || fate === 'taken-cut') session.isSpoilt = true
    return { session, fate, message, answer, garbled, earlyMs: treatment.earlyMs }
  }

  /** What comes in the place of an answer; null where the answer is as it should be. */
  #damage(fate: SubmitFate, answer: Pdu, submit: string): GarbledAnswer | null {
    if (fate !== 'taken-garbled' && fate !== 'taken-odd') return null
    const how = draw(`${this.#options.settings.SIMULATOR_SEED} damage ${submit}`)
    if (fate === 'taken-garbled') return garbleAnswer(encodePdu(answer), how)
    return { bytes: oddAnswer(answer.sequence, how), spoilsRest: false, endsConnection: false }
  }

  /** What was drawn, unless something else comes before. */
  #fateNow(drawn: SubmitFate, nowMs: number, isBeyondWindow: boolean, session: Session): SubmitFate {
    if (isBeyondWindow || this.#rate.isOver(nowMs)) return 'throttled'
    if (this.#options.receipts.outstanding >= OUTSTANDING_MAX) return 'queue-full'
    return drawn === 'taken' && (session.isClosed || session.isSpoilt) ? 'taken-unanswered' : drawn
  }

  #sendReceipt({ session, fate, message, answer, garbled, earlyMs }: Decision): void {
    const isEarly = message?.receipt === 'early'
    if (isEarly) this.#options.receipts.sendNow(message)
    else if (message) this.#options.receipts.expect(message)
    switch (fate) {
      case 'taken-unanswered':
        return
      case 'taken-garbled':
      case 'taken-odd':
        session.writeBytes(garbled!.bytes)
        if (garbled!.endsConnection) session.end()
        return
      case 'taken-cut':
      case 'cut':
        session.flush()
        session.destroy()
        return
      default:
        if (isEarly) this.#held.add({ session, answer }, Date.now() + earlyMs)
        else session.write(answer)
    }
  }

  /** What a submit of that fate is answered, or would be. */
  #statusOf(fate: SubmitFate): string {
    const { SIMULATOR_TEMPORARY_STATUS, SIMULATOR_REJECTED_STATUS } = this.#options.settings
    switch (fate) {
      case 'temporary':
        return SIMULATOR_TEMPORARY_STATUS
      case 'rejected':
        return SIMULATOR_REJECTED_STATUS
      case 'throttled':
        return 'ESME_RTHROTTLED'
      case 'queue-full':
        return 'ESME_RMSGQFUL'
      default:
        return 'ESME_ROK'
    }
  }
}

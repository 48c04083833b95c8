import type { Values } from '../runtime/settings.ts'
import type { behaviourSettings } from './config.ts'
import type { FinalState } from './final-states.ts'

export type Behaviour = Values<typeof behaviourSettings>

/** Refusals and what goes wrong with a submit; `taken…` says that there will be a message all the same. */
export type SubmitFate =
  | 'taken'
  | 'taken-unanswered'
  | 'taken-cut'
  | 'taken-garbled'
  | 'taken-odd'
  | 'cut'
  | 'temporary'
  | 'throttled'
  | 'queue-full'
  | 'rejected'

/** When the receipt comes, and how often; never for messages without a receipt. */
export type ReceiptFate = 'once' | 'early' | 'twice' | 'never'

/** What of a submit the random choices depend on. */
export interface SubmitKey {
  /** The same for every try and every part of a message. */
  readonly message: string
  /** The same for no two submits. */
  readonly submit: string
  readonly part: number
  readonly parts: number
}

/** How the simulator treats a submit. */
export interface Treatment {
  readonly latencyMs: number
  readonly fate: SubmitFate
  /** For an accepted submit: the final state of its message. */
  readonly final: FinalState
  readonly receipt: ReceiptFate
  readonly receiptDelayMs: number
  /** By how much an early receipt comes before the answer; 0 for others. */
  readonly earlyMs: number
  /** What chance writes before the receipt, from 0 to below 1; null for nothing. */
  readonly rubbish: number | null
}

export const DELIVERED: FinalState = 'DELIVRD:000'

/**
 * Draws the fate of a submit from the seed and the submit itself, so that it depends neither on the order in which
 * submits arrive nor on anything else under way. The message decides its final state; the submit, which also names
 * attempt and part, decides how this try ends.
 */
export function treat(behaviour: Behaviour, key: SubmitKey): Treatment {
  const chance = (about: string): number => draw(`${behaviour.SIMULATOR_SEED} ${about}`)
  const isSlow = chance(`slow ${key.submit}`) < behaviour.SIMULATOR_SLOW_SHARE
  const receipt = receiptOf(behaviour, chance(`telling ${key.submit}`))
  const isLate = chance(`late ${key.submit}`) < behaviour.SIMULATOR_RECEIPT_LATE_SHARE
  return {
    latencyMs: isSlow
      ? behaviour.SIMULATOR_SLOW_MS
      : spread(behaviour.SIMULATOR_LATENCY_MS, chance(`latency ${key.submit}`)),
    fate: fateOf(behaviour, chance(`fate ${key.message}`), chance(`try ${key.submit}`)),
    final: finalOf(behaviour, key, chance),
    receipt,
    receiptDelayMs: isLate
      ? behaviour.SIMULATOR_RECEIPT_LATE_MS
      : spread(behaviour.SIMULATOR_RECEIPT_DELAY_MS, chance(`receipt ${key.submit}`)),
    earlyMs: receipt === 'early' ? spread(behaviour.SIMULATOR_RECEIPT_EARLY_MS, chance(`early ${key.submit}`)) : 0,
    rubbish: chance(`rubbish ${key.submit}`) < behaviour.SIMULATOR_RUBBISH_SHARE ? chance(`kind ${key.submit}`) : null,
  }
}

export function isTaken(fate: SubmitFate): boolean {
  return fate.startsWith('taken')
}

function fateOf(behaviour: Behaviour, message: number, luck: number): SubmitFate {
  if (message < behaviour.SIMULATOR_REJECTED_SHARE) return 'rejected'
  return pick(luck, 'taken', [
    ['temporary', behaviour.SIMULATOR_TEMPORARY_SHARE],
    ['taken-unanswered', behaviour.SIMULATOR_LOST_ANSWER_SHARE],
    ['throttled', behaviour.SIMULATOR_THROTTLED_SHARE],
    ['queue-full', behaviour.SIMULATOR_QUEUE_FULL_SHARE],
    ['taken-cut', behaviour.SIMULATOR_CUT_SHARE],
    ['cut', behaviour.SIMULATOR_CUT_UNTAKEN_SHARE],
    ['taken-garbled', behaviour.SIMULATOR_GARBLED_SHARE],
    ['taken-odd', behaviour.SIMULATOR_ODD_ANSWER_SHARE],
  ])
}

function receiptOf(behaviour: Behaviour, luck: number): ReceiptFate {
  return pick(luck, 'once', [
    ['never', behaviour.SIMULATOR_RECEIPT_NEVER_SHARE],
    ['early', behaviour.SIMULATOR_RECEIPT_EARLY_SHARE],
    ['twice', behaviour.SIMULATOR_RECEIPT_TWICE_SHARE],
  ])
}

/** Of a message that is not delivered at least one part is not, and each other one as often as not. */
function finalOf(behaviour: Behaviour, key: SubmitKey, chance: (about: string) => number): FinalState {
  if (chance(`delivery ${key.message}`) >= behaviour.SIMULATOR_UNDELIVERED_SHARE) return DELIVERED
  const unlucky = 1 + Math.floor(chance(`unlucky part ${key.message}`) * key.parts)
  const isSpared = key.part !== unlucky && chance(`part ${key.message} ${key.part}`) < 0.5
  if (isSpared) return DELIVERED
  const states = behaviour.SIMULATOR_UNDELIVERED_AS
  return states[Math.floor(chance(`state ${key.message}`) * states.length)]!
}

/** The choice whose share contains the draw, the shares laid end to end; `otherwise` beyond them. */
function pick<Name extends string>(luck: number, otherwise: Name, shares: readonly (readonly [Name, number])[]): Name {
  let end = 0
  for (const [name, share] of shares) {
    end += share
    if (luck < end) return name
  }
  return otherwise
}

/** Half to twice the middle, as often below it as above. */
function spread(middleMs: number, chance: number): number {
  return Math.round(middleMs * 2 ** (2 * chance - 1))
}

/** From 0 to below 1: FNV-1a, finished so that texts that differ little end far apart. */
export function draw(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

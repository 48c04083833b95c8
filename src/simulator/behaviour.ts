import type { Values } from '../runtime/settings.ts'
import type { simulatorSettings } from './config.ts'

export type Behaviour = Omit<Values<typeof simulatorSettings>, 'SIMULATOR_PORT' | 'SIMULATOR_LEDGER'>

/** What the simulator will do with a submit. */
export interface Treatment {
  readonly latencyMs: number
  readonly result: 'taken' | 'taken-unanswered' | 'temporary' | 'rejected'
  /** For what is taken. */
  readonly delivered: boolean
  readonly receiptDelayMs: number
}

/**
 * Draws the fate of a submit from the seed and the submit itself, so that it depends neither on the order in which
 * submits arrive nor on what else is going on. `message` decides what becomes of the message, `ref`, which names the
 * attempt too, what happens to this try.
 */
export function treat(behaviour: Behaviour, message: string, ref: string): Treatment {
  const chance = (about: string): number => draw(`${behaviour.SIMULATOR_SEED} ${about}`)
  return {
    latencyMs: spread(behaviour.SIMULATOR_LATENCY_MS, chance(`latency ${ref}`)),
    result: resultOf(behaviour, chance(`fate ${message}`), chance(`try ${ref}`)),
    delivered: chance(`delivery ${message}`) >= behaviour.SIMULATOR_UNDELIVERED_SHARE,
    receiptDelayMs: spread(behaviour.SIMULATOR_RECEIPT_DELAY_MS, chance(`receipt ${ref}`)),
  }
}

function resultOf(behaviour: Behaviour, fate: number, luck: number): Treatment['result'] {
  const { SIMULATOR_REJECTED_SHARE, SIMULATOR_TEMPORARY_SHARE, SIMULATOR_LOST_ANSWER_SHARE } = behaviour
  if (fate < SIMULATOR_REJECTED_SHARE) return 'rejected'
  if (luck < SIMULATOR_TEMPORARY_SHARE) return 'temporary'
  return luck < SIMULATOR_TEMPORARY_SHARE + SIMULATOR_LOST_ANSWER_SHARE ? 'taken-unanswered' : 'taken'
}

/** Half to twice the middle, as often below it as above. */
function spread(middleMs: number, chance: number): number {
  return Math.round(middleMs * 2 ** (2 * chance - 1))
}

/** From 0 to below 1: FNV-1a, finished so that texts that differ little end far apart. */
function draw(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

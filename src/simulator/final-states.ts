import type { Setting } from '../runtime/settings.ts'

/**
 * The final state of a message and its error, as `STATE:ERROR`, the way the text of a receipt spells them:
 * `DELIVRD:000`.
 */
export type FinalState = `${string}:${string}`

/**
 * message_state of the TLV and of query_sm_resp (SMPP 3.4, clause 5.2.28), by what a receipt's text calls it (appendix
 * B).
 */
export const MESSAGE_STATES: Readonly<Record<string, number>> = {
  ENROUTE: 1,
  DELIVRD: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIV: 5,
  ACCEPTD: 6,
  UNKNOWN: 7,
  REJECTD: 8,
}

const FORM = /^([A-Z]{7}):([0-9A-F]{3})$/

/** One or more final states, separated by commas. */
export function finalStates(fallback: readonly FinalState[], doc: string): Setting<readonly FinalState[]> {
  const parse = (value: string): readonly FinalState[] => value.split(',').map(parseFinalState)
  return { parse, fallback, doc }
}

function parseFinalState(text: string): FinalState {
  const [, state] = FORM.exec(text.trim()) ?? []
  if (state !== undefined && Object.hasOwn(MESSAGE_STATES, state)) return text.trim() as FinalState
  throw new Error(`must be like UNDELIV:011, a state and an error code; states are ${Object.keys(MESSAGE_STATES)}`)
}

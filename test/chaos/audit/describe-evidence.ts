import type { Facts, Finding } from './facts.ts'

const MESSAGES_MAX = 5

/**
 * What the sources have of the messages that violations begin with, a line for each of the first few: a campaign is
 * never the same twice, and its folder is gone when the report is read.
 */
export function describeEvidence({ violations }: Finding, facts: Facts): string[] {
  const named = new Set(violations.map((violation) => Number(/^[0-9]+/.exec(violation)?.[0])))
  const messages = facts.messages.filter(({ smsId }) => named.has(smsId)).slice(0, MESSAGES_MAX)
  return messages.map(({ smsId, segments, cost }) => {
    const state = facts.states.find((each) => each.smsId === smsId)
    const attempts = facts.attempts.filter((each) => each.smsId === smsId)
    const submits = facts.submits.filter(({ ref }) => ref.startsWith(`${smsId}.`))
    const entries = facts.books.filter(({ ref }) => ref === smsId)
    return [
      `${smsId}: ${segments} segments for ${cost}`,
      `state ${state?.timeline.join(' → ')}${state?.possibleDuplicate ? ', flagged' : ''}`,
      `attempts ${attempts.map(({ attempt, part, outcome }) => `${attempt}.${part} ${outcome}`).join(', ')}`,
      `operator's ledger ${submits.map(({ ref, part, parts, result }) => `${ref.split('.')[1]}.${part} of ${parts} ${result}`).join(', ')}`,
      `books ${entries.map(({ kind }) => kind).join(', ')}`,
    ].join('; ')
  })
}

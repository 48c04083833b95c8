import { takesOfParts } from '../count-takes.ts'
import type { Facts, Finding } from '../facts.ts'

/** A3: what the operator took twice says so, and what says so has an attempt whose answer was lost, or came too late. */
export function duplicatesAreFlagged(facts: Facts): Finding {
  const violations: string[] = []
  const flagged = new Set(facts.states.filter(({ possibleDuplicate }) => possibleDuplicate).map(({ smsId }) => smsId))
  const ambiguous = new Set(
    facts.attempts
      .filter(({ outcome, possibleDuplicate }) => outcome === 'ambiguous' || possibleDuplicate)
      .map(({ smsId }) => smsId),
  )
  const taken = takesOfParts(facts.submits)
  const twice = [...taken].filter(([, times]) => Math.max(...times) > 1)
  for (const [smsId, times] of twice) {
    if (!flagged.has(smsId)) violations.push(`${smsId} was taken ${Math.max(...times)} times and is not flagged`)
  }
  for (const smsId of flagged) {
    if (!ambiguous.has(smsId)) violations.push(`${smsId} is flagged, and no answer of it was lost`)
  }
  return {
    check: 'A3',
    what: `duplicates are flagged (${twice.length} taken twice, ${flagged.size} flagged)`,
    compared: "simulator's ledger, states, attempts",
    count: taken.size,
    violations,
  }
}

import type { Acceptance } from '../../load/acceptance-log.ts'
import type { Facts, Finding, StoredAttempt } from '../facts.ts'

/** Outcomes of an attempt after which there may be another. */
const MAY_FOLLOW = new Set(['temporary', 'throttled', 'unsent', 'ambiguous'])

/**
 * A3: the operator got what was accepted, each part of an attempt once and only if it was committed before, and another attempt
 * only for a reason that is on record. An answer that comes after its attempt was given up replaces the reason; then
 * the next attempt still says that it may be a duplicate.
 */
export function submitsAreExplained(facts: Facts): Finding {
  const violations: string[] = []
  const attempts = new Map(facts.attempts.map((each) => [`${each.smsId}.${each.attempt}.${each.part}`, each]))
  const accepted = new Map(
    facts.client.filter((entry): entry is Acceptance => entry.kind === 'accepted').map((entry) => [entry.smsId, entry]),
  )
  const seen = new Set<string>()
  for (const { ref, part, parts, phone, textSha256 } of facts.submits) {
    const [smsId, attempt] = ref.split('.').map(Number) as [number, number]
    if (seen.has(`${ref}.${part}`)) violations.push(`${ref} was submitted twice`)
    seen.add(`${ref}.${part}`)
    const begun = attempts.get(`${ref}.${part}`)
    if (!begun) violations.push(`${ref} was submitted and never begun`)
    const before = lastBefore(attempts, smsId, attempt, part)
    if (attempt > 1 && !begun?.possibleDuplicate && !mayBeFollowed(before)) {
      violations.push(`${ref} was submitted after an attempt that ended as ${before?.outcome ?? 'nothing'}`)
    }
    const message = accepted.get(smsId)
    if (!message) violations.push(`${ref} was submitted and never accepted`)
    else if (message.phone !== phone || message.segments !== parts || message.partSha256[part - 1] !== textSha256) {
      violations.push(`${ref} is not what was accepted`)
    }
  }
  return {
    check: 'A3',
    what: 'each submit has its reason',
    compared: "simulator's ledger, attempts, client's log",
    count: facts.submits.length,
    violations,
  }
}

/** The attempt before that one that made this part. */
function lastBefore(
  attempts: ReadonlyMap<string, StoredAttempt>,
  smsId: number,
  attempt: number,
  part: number,
): StoredAttempt | undefined {
  for (let before = attempt - 1; before > 0; before--) {
    const found = attempts.get(`${smsId}.${before}.${part}`)
    if (found) return found
  }
  return undefined
}

function mayBeFollowed(attempt: StoredAttempt | undefined): boolean {
  return MAY_FOLLOW.has(attempt?.outcome ?? '')
}

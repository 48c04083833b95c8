import type { Status } from '../../../../src/domain/status.ts'
import type { Acceptance } from '../../load/acceptance-log.ts'
import { takesOfParts } from '../count-takes.ts'
import type { BookEntry, Facts, Finding } from '../facts.ts'

/**
 * A4: each message is charged what was acknowledged, once, and settled once: captured if the operator took it or a
 * part of it, or may have; given back if it did not. Where the only takes were some whose answers were lost, either is
 * right. What is left is the opening balance less what was captured, exactly.
 */
export function moneyAddsUp(facts: Facts): Finding {
  const violations: string[] = []
  const acknowledged = new Map(
    facts.client.filter((entry): entry is Acceptance => entry.kind === 'accepted').map((entry) => [entry.smsId, entry]),
  )
  const states = new Map(facts.states.map(({ smsId, status }) => [smsId, status]))
  const takenOf = takesOf(facts)
  const byRef = Map.groupBy(facts.books, ({ ref }) => ref)
  for (const [ref, entries] of byRef) {
    if (entries[0]!.kind === 'top-up') continue
    const fault = faultOf(entries, acknowledged.get(ref)?.cost, takenOf(ref), states.get(ref))
    if (fault) violations.push(`${ref} ${fault}`)
  }
  for (const smsId of acknowledged.keys()) if (!byRef.has(smsId)) violations.push(`${smsId} was never charged`)
  violations.push(...balancesOff(facts, acknowledged))
  return {
    check: 'A4',
    what: 'money adds up to the last unit',
    compared: "client's log, ledger, balances, simulator's ledger",
    count: facts.books.length,
    violations,
  }
}

/** What the operator took of a message: of its parts, and of those whose answers reached the gateway. */
interface Taken {
  readonly parts: 'none' | 'some' | 'all'
  readonly answered: 'none' | 'some' | 'all'
}

function takesOf(facts: Facts): (smsId: number) => Taken {
  const ended = new Map(facts.attempts.map((each) => [`${each.smsId}.${each.attempt}.${each.part}`, each.outcome]))
  const taken = takesOfParts(facts.submits)
  const answered = takesOfParts(facts.submits.filter(({ ref, part }) => ended.get(`${ref}.${part}`) === 'sent'))
  return (smsId) => ({ parts: extentOf(taken.get(smsId)), answered: extentOf(answered.get(smsId)) })
}

function extentOf(times: readonly number[] | undefined): Taken['parts'] {
  if (times === undefined) return 'none'
  return times.every((each) => each > 0) ? 'all' : 'some'
}

function faultOf(
  entries: readonly BookEntry[],
  cost: number | undefined,
  taken: Taken,
  status: Status | undefined,
): string | null {
  if (cost === undefined) return 'was charged and not acknowledged'
  const [reserves, captures, releases] = (['reserve', 'capture', 'release'] as const).map((kind) =>
    entries.filter((entry) => entry.kind === kind),
  )
  if (reserves!.length !== 1) return `was charged ${reserves!.length} times`
  if (captures!.length + releases!.length !== 1) return `was settled ${captures!.length + releases!.length} times`
  if (releases!.length > 0 && taken.answered !== 'none') {
    return `was taken by the operator (${taken.answered} of its parts) and given back`
  }
  if (captures!.length > 0 && !isPaidFor(taken, status)) {
    return `is ${status}, was not taken by the operator (${taken.parts} of its parts) and not given back`
  }
  const balance = entries.reduce((sum, entry) => sum + entry.balance, 0)
  const reserved = entries.reduce((sum, entry) => sum + entry.reserved, 0)
  const spent = captures!.length > 0 ? cost : 0
  if (balance !== -spent || reserved !== 0)
    return `cost ${-balance} and left ${reserved} reserved; it is ${spent} and 0`
  return null
}

/** A message whose parts were refused in the end is paid all the same when the operator has one of them. */
function isPaidFor(taken: Taken, status: Status | undefined): boolean {
  if (status === 'unknown') return true
  return status === 'delivered' || status === 'sent' ? taken.parts === 'all' : taken.parts !== 'none'
}

function balancesOff(facts: Facts, acknowledged: ReadonlyMap<number, Acceptance>): string[] {
  const captured = new Set(facts.books.filter(({ kind }) => kind === 'capture').map(({ ref }) => ref))
  return facts.balances.flatMap(({ customerId, balance, reserved }) => {
    const opening = facts.books
      .filter((entry) => entry.kind === 'top-up' && entry.customerId === customerId)
      .reduce((sum, entry) => sum + entry.balance, 0)
    let spent = 0
    for (const { smsId, cost, customerId: of } of acknowledged.values()) {
      if (of === customerId && captured.has(smsId)) spent += cost
    }
    if (balance === opening - spent && reserved === 0) return []
    return [`${customerId} has ${balance} and ${reserved} reserved; it is ${opening} - ${spent} and 0`]
  })
}

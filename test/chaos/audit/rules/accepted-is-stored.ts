import type { Acceptance } from '../../load/acceptance-log.ts'
import type { Facts, Finding } from '../facts.ts'

/** A1: what the API acknowledged is what is stored, and nothing else is; the same key is always the same message. */
export function acceptedIsStored(facts: Facts): Finding {
  const violations: string[] = []
  const acceptances = facts.client.filter((entry): entry is Acceptance => entry.kind === 'accepted')
  const byKey = new Map(acceptances.map((entry) => [entry.key, entry]))
  const stored = new Map(facts.messages.map((message) => [message.smsId, message]))
  const acknowledged = new Set<number>()
  for (const entry of acceptances) {
    const message = stored.get(entry.smsId)
    if (acknowledged.has(entry.smsId)) violations.push(`${entry.smsId} was acknowledged for two keys`)
    acknowledged.add(entry.smsId)
    if (!message) violations.push(`${entry.smsId} was accepted and is not stored`)
    else if (!isSame(entry, message)) violations.push(`${entry.smsId} is stored otherwise than it was accepted`)
  }
  for (const { smsId, key } of facts.messages) {
    if (!acknowledged.has(smsId)) violations.push(`${smsId} is stored under ${key} and was not acknowledged`)
  }
  const repetitions = facts.client.filter(({ kind }) => kind === 'repeated')
  for (const { key, smsId } of repetitions) {
    const first = byKey.get(key)?.smsId
    if (first !== smsId) violations.push(`${key} was ${first}, and ${smsId} when it was asked again`)
  }
  return {
    check: 'A1',
    what: 'accepted is stored, once for each key',
    compared: "client's log, messages",
    count: acceptances.length + repetitions.length,
    violations,
  }
}

function isSame(acknowledged: Acceptance, stored: Facts['messages'][number]): boolean {
  return (
    acknowledged.customerId === stored.customerId &&
    acknowledged.phone === stored.phone &&
    acknowledged.key === stored.key &&
    acknowledged.cost === stored.cost &&
    acknowledged.segments === stored.segments
  )
}

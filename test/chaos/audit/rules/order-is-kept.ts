import { isTaken } from '../../../../src/simulator/behaviour.ts'
import type { Acceptance } from '../../load/acceptance-log.ts'
import type { Facts, Finding } from '../facts.ts'

/**
 * A5: for each customer and phone, the order of acceptance is the order on `sms.delivery`, that of first submits, and
 * that in which the operator took them. A later one was posted only when the one before was acknowledged.
 */
export function orderIsKept(facts: Facts): Finding {
  const violations: string[] = []
  const acceptances = facts.client.filter((entry): entry is Acceptance => entry.kind === 'accepted')
  const pairs = Map.groupBy(acceptances, ({ customerId, phone }) => `${customerId} ${phone}`)
  const takes = facts.submits.filter(({ result }) => isTaken(result))
  const orders = [
    { of: 'sms.delivery', places: placesOf(deliveryOrder(facts)) },
    { of: 'first submits', places: placesOf(facts.submits.map(({ ref }) => String(smsIdOf(ref)))) },
    // A message is taken when its last part is.
    { of: 'takes', places: placesOf(takes.map(({ ref, part }) => `${smsIdOf(ref)}.${part}`)) },
  ]
  for (const members of pairs.values()) {
    for (const { of, places } of orders) {
      let before: Acceptance | null = null
      for (const entry of members) {
        const place = places.get(entry.smsId)
        if (place === undefined) continue
        if (before && place.first < places.get(before.smsId)!.last) {
          violations.push(`${entry.smsId} overtook ${before.smsId} in ${of}`)
        } else {
          before = entry
        }
      }
    }
  }
  return {
    check: 'A5',
    what: 'messages to a phone never overtake',
    compared: "client's log, sms.delivery, simulator's ledger",
    count: acceptances.length,
    violations,
  }
}

/** All of a customer's records are in one partition, so places of different partitions are never compared. */
function deliveryOrder({ topics }: Facts): string[] {
  const records = [...topics.delivery].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  return records.map(({ event }) => String(event?.sms_id))
}

/** Where a message is in an order: first and last of the places at which something of it comes for the first time. */
interface Places {
  readonly first: number
  readonly last: number
}

/** What is ordered are messages, by their ids, or what belongs to them, as `<sms_id>.<what>`. */
function placesOf(order: readonly string[]): Map<number, Places> {
  const seen = new Set<string>()
  const places = new Map<number, Places>()
  for (const [place, each] of order.entries()) {
    if (seen.has(each)) continue
    seen.add(each)
    const smsId = smsIdOf(each)
    places.set(smsId, { first: places.get(smsId)?.first ?? place, last: place })
  }
  return places
}

function smsIdOf(ref: string): number {
  return Number(ref.split('.')[0])
}

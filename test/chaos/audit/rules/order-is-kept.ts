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
  const orders = [
    { of: 'sms.delivery', places: firstPlaces(deliveryOrder(facts)) },
    { of: 'first submits', places: firstPlaces(facts.submits.map(({ ref }) => smsIdOf(ref))) },
    {
      of: 'takes',
      places: firstPlaces(
        facts.submits.filter(({ result }) => result.startsWith('taken')).map(({ ref }) => smsIdOf(ref)),
      ),
    },
  ]
  for (const members of pairs.values()) {
    for (const { of, places } of orders) {
      let before: Acceptance | null = null
      for (const entry of members) {
        const place = places.get(entry.smsId)
        if (place === undefined) continue
        if (before && place < places.get(before.smsId)!) {
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
function deliveryOrder({ topics }: Facts): number[] {
  const records = [...topics.delivery].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  return records.map(({ event }) => Number(event?.sms_id))
}

function firstPlaces(smsIds: readonly number[]): Map<number, number> {
  const places = new Map<number, number>()
  for (const [place, smsId] of smsIds.entries()) if (!places.has(smsId)) places.set(smsId, place)
  return places
}

function smsIdOf(ref: string): number {
  return Number(ref.split('.')[0])
}

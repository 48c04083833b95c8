import { type Facts, type Finding, placeOf, type TopicRecord } from '../facts.ts'

/** Which groups must refuse a record of a topic that is no event. */
const REFUSING: Readonly<Record<string, readonly string[]>> = {
  'sms.accepted': [],
  'sms.delivery': ['delivery-worker-group'],
  'sms.status': ['smsgw-status', 'smsgw-webhooks'],
}

/**
 * A8: every dead letter has its reason: a record that was planted, or a message whose attempts are used up. And every
 * record that was planted is there, once for each group that reads it, or among what ClickHouse could not read.
 */
export function deadLettersAreExplained(facts: Facts): Finding {
  const violations: string[] = []
  const planted = new Map(facts.planted.map((record) => [placeOf(record), record]))
  const failed = new Set(facts.states.filter(({ status }) => status === 'failed').map(({ smsId }) => smsId))
  const delivery = new Map(facts.topics.delivery.map((record) => [placeOf(record), record]))
  const found = new Set<string>()
  for (const letter of facts.topics.deadLetters) {
    const { place, group, reason } = readDeadLetter(letter)
    found.add(`${place} ${group}`)
    if (planted.has(place)) continue
    const smsId = Number(delivery.get(place)?.event?.sms_id)
    if (reason !== 'attempts-exhausted' || !failed.has(smsId)) {
      violations.push(`${place} is a dead letter of ${group} for "${reason}", which no fault explains`)
    }
  }
  for (const [place, { topic, what }] of planted) {
    for (const group of REFUSING[topic]!) {
      if (!found.has(`${place} ${group}`)) violations.push(`${place} (${what}) is no dead letter of ${group}`)
    }
    const isRead = topic === 'sms.accepted' || topic === 'sms.status'
    if (facts.analytics && isRead && !facts.analytics.malformed.has(place)) {
      violations.push(`${place} (${what}) is not among what ClickHouse could not read`)
    }
  }
  return {
    check: 'A8',
    what: `dead letters are explained (${planted.size} planted)`,
    compared: 'sms.dlq, states, planted records',
    count: facts.topics.deadLetters.length,
    violations,
  }
}

function readDeadLetter({ event }: TopicRecord): { place: string; group: string; reason: string } {
  const place = placeOf({
    topic: String(event?.original_topic),
    partition: Number(event?.original_partition),
    offset: Number(event?.original_offset),
  })
  return { place, group: String(event?.consumer_group), reason: String(event?.reason) }
}

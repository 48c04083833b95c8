import { isFinal, type Status, TRANSITIONS } from '../../../../src/domain/status.ts'
import type { Facts, Finding, TopicRecord } from '../facts.ts'

/** A2: every message is on its topics and comes to one final status, by steps that may follow each other. */
export function oneFinalStatus(facts: Facts): Finding {
  const violations: string[] = []
  const states = new Map(facts.states.map((state) => [state.smsId, state]))
  const accepted = idsOf(facts.topics.accepted)
  const delivery = idsOf(facts.topics.delivery)
  const finals = finalsOnTopic(facts.topics.status)
  for (const { smsId } of facts.messages) {
    if (!accepted.has(smsId)) violations.push(`${smsId} is not on sms.accepted`)
    if (!delivery.has(smsId)) violations.push(`${smsId} is not on sms.delivery`)
    const state = states.get(smsId)
    if (!state || !isFinal(state.status)) {
      violations.push(`${smsId} has no final status: it is ${state?.status ?? 'accepted'}`)
      continue
    }
    const wrong = wrongStep(state.timeline)
    if (wrong) violations.push(`${smsId} went ${wrong}`)
    if (state.timeline.at(-1) !== state.status) violations.push(`${smsId} is ${state.status}, its timeline is not`)
    if (!finals.get(smsId)?.has(state.status)) violations.push(`${smsId} is ${state.status}, and no event says so`)
  }
  const stored = new Set(facts.messages.map(({ smsId }) => smsId))
  for (const smsId of new Set([...accepted, ...delivery])) {
    if (!stored.has(smsId)) violations.push(`${smsId} is on a topic and not stored`)
  }
  return {
    check: 'A2',
    what: 'one final status each, steps in order',
    compared: 'messages, states, topics',
    count: facts.messages.length,
    violations,
  }
}

function idsOf(records: readonly TopicRecord[]): Set<number> {
  return new Set(records.map(({ event }) => event?.sms_id).filter((smsId) => typeof smsId === 'number'))
}

function finalsOnTopic(records: readonly TopicRecord[]): Map<number, Set<string>> {
  const finals = new Map<number, Set<string>>()
  for (const { event } of records) {
    if (typeof event?.sms_id !== 'number' || !isFinal(event.status as Status)) continue
    const of = finals.get(event.sms_id) ?? new Set()
    finals.set(event.sms_id, of.add(event.status as string))
  }
  return finals
}

/** The first step that is not allowed, as `a → b`; null if all are. */
function wrongStep(timeline: readonly Status[]): string | null {
  let before: Status = 'accepted'
  for (const status of timeline) {
    if (!TRANSITIONS[before].includes(status)) return `${before} → ${status}`
    before = status
  }
  return null
}

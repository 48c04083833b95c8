import type { Facts, Finding } from '../facts.ts'

/** A7: ClickHouse has the messages that PostgreSQL has, each with the same final status. */
export function clickhouseAgrees({ analytics, messages, states }: Facts): Finding {
  const violations: string[] = []
  const finding = {
    check: 'A7',
    what: 'ClickHouse has the same',
    compared: analytics ? 'ClickHouse, messages, states' : 'nothing: this campaign runs without ClickHouse',
    count: analytics ? messages.length : 0,
    violations,
  }
  if (!analytics) return finding
  const accepted = new Set(analytics.accepted)
  for (const { smsId } of messages) if (!accepted.has(smsId)) violations.push(`${smsId} is not in ClickHouse`)
  for (const { smsId, status } of states) {
    const theirs = analytics.finals.get(smsId)
    if (theirs !== status) violations.push(`${smsId} is ${status}, in ClickHouse ${theirs ?? 'without final status'}`)
  }
  return finding
}

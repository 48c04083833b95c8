import { type Facts, type Finding, placeOf } from '../facts.ts'

/** C: the audit log's chain holds, and it has every record of its topics with the hash of what is there. */
export function auditLogIsWhole({ auditLog, topics }: Facts): Finding {
  const violations: string[] = []
  if (auditLog.fault) violations.push(auditLog.fault)
  const records = [...topics.accepted, ...topics.status, ...topics.deadLetters]
  for (const record of records) {
    const place = placeOf(record)
    const hash = auditLog.entries.get(place)
    if (hash === undefined) violations.push(`${place} is not in the audit log`)
    else if (hash !== record.valueSha256) violations.push(`${place} is another record in the audit log`)
  }
  return {
    check: 'C',
    what: 'the audit log is whole',
    compared: 'audit files, sms.accepted, sms.status, sms.dlq',
    count: records.length,
    violations,
  }
}

import type { AuditEntry } from './audit-entry.ts'

/*
  A line of the log, as in

    {"at":"2026-11-30T12:00:00.000Z","r":"sms.status/3/1042","e":"sms.status.sent","id":"01KB…","k":"7340…","h":"<base64url>"}

  The number of a line is that of its block's first line, counted on.
*/

export function lineOf(entry: AuditEntry): string {
  const { at, topic, partition, offset, type, id, key, value_sha256, by, act, fault } = entry
  const [e, k, h] = [type ?? undefined, key ?? undefined, value_sha256 ?? undefined]
  return JSON.stringify({ at, r: `${topic}/${partition}/${offset}`, e, id: id ?? undefined, k, h, by, act, fault })
}

/** The entry of a line, of this form or of a plain file. Throws an Error for what is neither. */
export function entryOf(line: string): AuditEntry {
  const { at, r, e, id, k, h, by, act, fault, ...plain } = JSON.parse(line) as Record<string, string | undefined>
  const optional = { ...(by && { by }), ...(act && { act }), ...(fault && { fault }) }
  if (r === undefined) {
    const { topic, partition, offset, type, key, value_sha256 } = plain as unknown as AuditEntry
    if (typeof topic !== 'string' || !Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) {
      throw new Error('the line names no place in Kafka')
    }
    const digest = value_sha256 && Buffer.from(value_sha256, 'hex').toString('base64url')
    return { at: at!, topic, partition, offset, type, id: id ?? null, key, value_sha256: digest, ...optional }
  }
  const [, topic, partition, offset] = /^(.*)\/([0-9]+)\/([0-9]+)$/s.exec(r) ?? []
  if (topic === undefined) throw new Error(`"${r}" is no place in Kafka`)
  const known = { type: e ?? null, id: id ?? null, key: k ?? null, value_sha256: h ?? null }
  return { at: at!, topic, partition: Number(partition), offset: Number(offset), ...known, ...optional }
}

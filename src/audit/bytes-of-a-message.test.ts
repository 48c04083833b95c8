import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { eventId } from '../domain/event-id.ts'
import { SmsIds } from '../domain/sms-id.ts'
import { AuditLog } from './append-log.ts'
import type { AuditEntry } from './audit-entry.ts'
import { listAuditFiles } from './audit-files.ts'

/*
  Goal: a message takes at most 0.5 KB of the audit log wherever ten records come within half a second, and 1.25 KB where
  each record comes alone, as to a gateway that is nearly idle. Method: the four records of a message that is delivered
  (accepted, sending, sent, delivered), with keys, ids and places as the gateway has them and hashes of different values,
  in the order in which they happen, in batches of several sizes.
*/

const root = mkdtempSync(join(tmpdir(), 'smsgw-audit-bytes-'))
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000)

const STEPS = [
  ['accepted', 30, 'sms.accepted', 0],
  ['sending', 60, 'sms.status', 1],
  ['sent', 120, 'sms.status', 1],
  ['delivered', 4_000, 'sms.status', 1],
] as const

function* entriesOf(messages: number, perSecond: number): Generator<AuditEntry> {
  const beginMs = Date.parse('2026-11-30T10:00:00.000Z')
  const ids = new SmsIds(3, beginMs)
  const offsets = new Map<string, number>()
  const events = Array.from({ length: messages }, (_, index) => {
    const atMs = Math.floor(beginMs + (index * 1_000) / perSecond)
    const smsId = ids.next(atMs)
    return STEPS.map(([kind, afterMs, topic, attempt]) => ({
      kind,
      atMs: atMs + afterMs,
      topic,
      attempt,
      smsId,
      index,
    }))
  }).flat()
  events.sort((a, b) => a.atMs - b.atMs)
  for (const { kind, atMs, topic, attempt, smsId, index } of events) {
    const place = `${topic}/${(index * 2_654_435_761) % 30}`
    const offset = (offsets.get(place) ?? 1_000_000) + 1
    offsets.set(place, offset)
    const isAccepted = kind === 'accepted'
    yield {
      ...{ at: new Date(atMs).toISOString(), topic, partition: Number(place.split('/')[1]), offset },
      type: isAccepted ? 'sms.accepted' : `sms.status.${kind}`,
      id: eventId(smsId, kind, attempt),
      key: isAccepted ? `customer-${index % 40}` : String(smsId),
      value_sha256: createHash('sha256').update(`${smsId}${kind}`).digest('base64url'),
    }
  }
}

test.each([
  // A batch is what half a second brings: at 2,500, 250, 25 and 5 messages a second, and at one in some seconds.
  [100_000, 5_000, 500],
  [20_000, 500, 500],
  [5_000, 50, 500],
  [1_000, 10, 500],
  [300, 3, 800],
  [300, 1, 1_250],
])(
  '%i messages, %i records a batch: a message takes at most %i bytes',
  {
    timeout: 120_000,
  },
  async (messages, batch, bytesMax) => {
    const folder = join(root, String(batch))
    const nowMs = Date.parse('2026-11-30T12:00:00.000Z')
    const log = await AuditLog.open(folder, { fileBytesMax: 16 * 1024 * 1024, nowMs: () => nowMs })
    let entries: AuditEntry[] = []
    for (const entry of entriesOf(messages, batch / 2)) {
      entries.push(entry)
      if (entries.length < batch) continue
      await log.append(byPlace(entries))
      entries = []
    }
    await log.append(byPlace(entries))
    await log.close()
    const bytes = listAuditFiles(folder).reduce((sum, { path }) => sum + statSync(path).size, 0) / messages
    console.log(`audit log: ${Math.round(bytes)} bytes a message in batches of ${batch} records`)
    expect(log.head.seq).toBe(messages * STEPS.length)
    expect(bytes).toBeLessThanOrEqual(bytesMax)
  },
)

/** As a consumer is given them: partition by partition. */
function byPlace(entries: readonly AuditEntry[]): AuditEntry[] {
  return entries.toSorted((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition))
}

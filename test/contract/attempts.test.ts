import { beforeEach, expect, test } from 'vitest'
import type { PartEnd } from '../../src/delivery/attempts/attempt-statements.ts'
import { AttemptBook } from '../../src/delivery/attempts/record-attempts.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshDatabase } from '../servers/fixtures.ts'

let pool: Pool
let book: AttemptBook
const ids = new SmsIds(1)

beforeEach(async () => {
  pool = await freshDatabase()
  book = new AttemptBook(pool, 'worker')
})

const newId = (): number => ids.next(Date.now())
const AT = new Date('2026-11-24T12:00:00.000Z')

function start(smsId: number, changes: object = {}): Parameters<AttemptBook['begin']>[0] {
  const whole = { attempt: 1, operator: 'a', possibleDuplicate: false, leaseMs: 60_000, partCount: 1, parts: [1] }
  return { ...whole, smsId, ...changes }
}

function taken(smsId: number, operatorMessageId: string): Parameters<AttemptBook['end']>[0] {
  return { smsId, attempt: 1, operator: 'a', outcome: 'sent', operatorMessageId, errorCode: null }
}

function partEnd(smsId: number, attempt: number, part: number, outcome: PartEnd['outcome']): PartEnd {
  const operatorMessageId = outcome === 'sent' ? `${smsId}-${part}` : null
  return {
    smsId,
    attempt,
    part,
    operator: 'a',
    outcome,
    operatorMessageId,
    errorCode: outcome === 'sent' ? null : outcome,
  }
}

test('an attempt is begun once, by the first worker; so is one that a customer cancelled', async () => {
  const smsId = newId()
  expect(await book.begin(start(smsId))).toBe(true)
  expect(await new AttemptBook(pool, 'another').begin(start(smsId))).toBe(false)
  await pool.query(
    `INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until, outcome, ended_at)
     VALUES ($1, 2, 'a', 'api', false, now(), now(), 'cancelled', now())`,
    [smsId],
  )
  expect(await book.begin(start(smsId, { attempt: 2 }))).toBe(false)
  expect((await book.history(smsId)).attempts[1]).toMatchObject({ outcome: 'cancelled', parts: [] })
})

test('a message in one part has no row but its attempt', async () => {
  const smsId = newId()
  await book.begin(start(smsId))
  expect((await book.history(smsId)).attempts).toMatchObject([
    { operator: 'a', outcome: null, partCount: 1, parts: [{ part: 1, outcome: null }] },
  ])
  expect(await book.end(taken(smsId, 'x'))).toBeNull()
  expect((await book.history(smsId)).attempts).toMatchObject([
    { outcome: 'sent', parts: [{ part: 1, outcome: 'sent', operatorMessageId: 'x' }] },
  ])
  const { rows } = await pool.query('SELECT * FROM attempt_parts')
  expect(rows).toEqual([])
})

test('what the operator wrote beside its code is stored with it, of an attempt and of a part', async () => {
  const [short, long] = [newId(), newId()]
  const refusal = {
    outcome: 'temporary',
    operatorMessageId: null,
    errorCode: '27',
    errorText: 'Absent subscriber',
  } as const
  await book.begin(start(short))
  await book.end({ ...taken(short, ''), ...refusal })
  await book.begin(start(long, { partCount: 2, parts: [1, 2] }))
  await book.endPart({ ...partEnd(long, 1, 1, 'sent') })
  await book.endPart({ ...partEnd(long, 1, 2, 'temporary'), ...refusal })
  const known = { errorCode: '27', errorText: 'Absent subscriber' }
  expect((await book.history(short)).attempts[0]!.parts).toMatchObject([known])
  expect((await book.history(long)).attempts[0]!.parts).toMatchObject([{ errorText: null }, known])
})

test('a successor knows of each part what is known, and which were submitted again', async () => {
  const smsId = newId()
  await book.begin(start(smsId, { partCount: 3, parts: [1, 2, 3] }))
  await book.endPart(partEnd(smsId, 1, 1, 'sent'))
  const half = (await new AttemptBook(pool, 'next').history(smsId)).attempts
  expect(half).toMatchObject([
    {
      outcome: null,
      partCount: 3,
      parts: [{ outcome: 'sent' }, { part: 2, outcome: null }, { part: 3, outcome: null }],
    },
  ])
  await Promise.all([
    book.endPart(partEnd(smsId, 1, 2, 'temporary')),
    book.endPart(partEnd(smsId, 1, 3, 'ambiguous')),
    book.end({ ...taken(smsId, ''), operatorMessageId: null }),
  ])
  await book.begin(start(smsId, { attempt: 2, partCount: 3, parts: [2, 3], possibleDuplicate: true }))
  expect((await book.history(smsId)).attempts).toMatchObject([
    {
      outcome: 'sent',
      parts: [{ outcome: 'sent' }, { outcome: 'temporary', errorCode: 'temporary' }, { outcome: 'ambiguous' }],
    },
    {
      outcome: null,
      possibleDuplicate: true,
      parts: [
        { part: 2, outcome: null },
        { part: 3, outcome: null },
      ],
    },
  ])
})

test('an answer that comes after its attempt was given up replaces the guess, and nothing else does', async () => {
  const [short, long] = [newId(), newId()]
  await Promise.all([book.begin(start(short)), book.begin(start(long, { partCount: 2, parts: [1, 2] }))])
  const lost = { outcome: 'ambiguous', operatorMessageId: null, errorCode: 'worker-lost' } as const
  await book.end({ ...taken(short, ''), ...lost })
  await book.endPart({ ...partEnd(long, 1, 1, 'ambiguous'), ...lost })
  await Promise.all([book.end(taken(short, 'x')), book.endPart(partEnd(long, 1, 1, 'sent'))])
  await Promise.all([book.end({ ...taken(short, ''), ...lost }), book.endPart({ ...partEnd(long, 1, 1, 'rejected') })])
  expect((await book.history(short)).attempts[0]!.parts).toMatchObject([{ outcome: 'sent', operatorMessageId: 'x' }])
  expect((await book.history(long)).attempts[0]!.parts[0]).toMatchObject({ outcome: 'sent' })
})

test('a worker that ends what another has ended gets a conflict, and the stored outcome is to be looked up', async () => {
  const [short, long, other] = [newId(), newId(), newId()]
  await Promise.all([book.begin(start(short)), book.begin(start(long, { partCount: 2, parts: [1, 2] }))])
  const lost = { outcome: 'ambiguous', operatorMessageId: null, errorCode: 'worker-lost' } as const
  expect(await book.end({ ...taken(short, ''), ...lost })).toBeNull()
  expect(await book.endPart({ ...partEnd(long, 1, 1, 'ambiguous'), ...lost })).toBeNull()
  const refused = { outcome: 'temporary', operatorMessageId: null, errorCode: '8' } as const
  expect(await book.end({ ...taken(short, ''), ...refused })).toBe('contested')
  expect(await book.endPart(partEnd(long, 1, 1, 'temporary'))).toBe('contested')
  expect(await book.endPart(partEnd(long, 1, 1, 'sent'))).toBeNull()
  // Our own commit without an answer: the same again. It is unknown which of them it was.
  await book.begin(start(other))
  await book.keepEarly({ operator: 'a', operatorMessageId: 'x', status: 'delivered', code: null, at: AT })
  expect(await Promise.all([book.end(taken(short, 'x')), book.end(taken(other, 'y'))])).toEqual([
    { status: 'delivered', code: null, at: AT },
    null,
  ])
  expect(await Promise.all([book.end(taken(short, 'x')), book.end(taken(other, 'y'))])).toEqual([
    'contested',
    'contested',
  ])
})

test('the first receipt is kept, unless its state is unknown', async () => {
  const [short, long] = [newId(), newId()]
  await Promise.all([book.begin(start(short)), book.begin(start(long, { partCount: 2, parts: [1, 2] }))])
  await Promise.all([book.end(taken(short, 'x')), book.endPart(partEnd(long, 1, 2, 'sent'))])
  for (const submit of [
    { smsId: short, part: null },
    { smsId: long, part: 2 },
  ]) {
    const store = (status: 'unknown' | 'delivered' | 'failed') =>
      book.storeReceipt({ ...submit, attempt: 1, operator: 'a', status, code: null, at: AT })
    // Asked for together, they are stored one after another.
    expect(await Promise.all([store('unknown'), store('delivered'), store('failed')])).toEqual([true, true, false])
    expect(await store('delivered')).toBe(false)
  }
  const { rows } = await pool.query(
    `SELECT receipt_status, receipt_at FROM attempts WHERE sms_id = $1
     UNION ALL SELECT receipt_status, receipt_at FROM attempt_parts WHERE sms_id = $2`,
    [short, long],
  )
  expect(rows).toEqual([
    { receipt_status: 'delivered', receipt_at: AT },
    { receipt_status: 'delivered', receipt_at: AT },
  ])
  expect((await book.history(long)).attempts[0]!.parts[1]!.receipt).toMatchObject({ status: 'delivered', at: AT })
})

test('a receipt that overtook its answer is kept, and taken up when the answer is written', async () => {
  const [short, long, other] = [newId(), newId(), newId()]
  await Promise.all([
    book.begin(start(short)),
    book.begin(start(other)),
    book.begin(start(long, { partCount: 2, parts: [1, 2] })),
  ])
  const early = { operator: 'a', status: 'delivered', code: null, at: AT } as const
  await Promise.all([
    book.keepEarly({ ...early, operatorMessageId: 'early' }),
    book.keepEarly({ ...early, operatorMessageId: 'early', status: 'failed' }),
    book.keepEarly({ ...early, operatorMessageId: `${long}-1` }),
    book.keepEarly({ ...early, operatorMessageId: 'other', operator: 'b' }),
  ])
  const [first, second, third, fourth] = await Promise.all([
    book.end(taken(short, 'early')),
    book.endPart(partEnd(long, 1, 1, 'sent')),
    book.endPart(partEnd(long, 1, 2, 'sent')),
    // The same id of another operator is another message.
    book.end(taken(other, 'other')),
  ])
  expect([first, second]).toEqual([
    { status: 'delivered', code: null, at: AT },
    { status: 'delivered', code: null, at: AT },
  ])
  expect([third, fourth]).toEqual([null, null])
})

/** A message of the table, to that phone. */
async function messageTo(phone: string): Promise<number> {
  const smsId = newId()
  await pool.query(
    `INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries,
       accepted_at) VALUES ($1, 'c', $2, 'x', 'gsm7', 1, 'a', 1, 1, 3, now())`,
    [smsId, phone],
  )
  return smsId
}

test('C3: a kept receipt is taken up by the submit to its recipient, not by another with the same id', async () => {
  const [first, second] = [await messageTo('+989000000001'), await messageTo('+989000000002')]
  await Promise.all([book.begin(start(first)), book.begin(start(second))])
  const failed = { operator: 'a', operatorMessageId: '1001', status: 'failed', code: '011', at: AT } as const
  await book.keepEarly({ ...failed, recipient: '9000000002' })
  expect(await Promise.all([book.end(taken(first, '1001')), book.end(taken(second, '1001'))])).toEqual([
    null,
    { status: 'failed', code: '011', at: AT },
  ])
})

test('a receipt that was kept before an attempt began is not of it: operators use their ids again', async () => {
  const smsId = newId()
  await book.keepEarly({ operator: 'a', operatorMessageId: 'again', status: 'delivered', code: null, at: AT })
  await book.begin(start(smsId))
  expect(await book.end(taken(smsId, 'again'))).toBeNull()
})

test('C12: of parts that share an id as many take up a receipt as were kept', async () => {
  const [together, apart] = [newId(), newId()]
  const three = { partCount: 3, parts: [1, 2, 3] }
  await Promise.all([book.begin(start(together, three)), book.begin(start(apart, three))])
  const keep = (operatorMessageId: string) =>
    book.keepEarly({ operator: 'a', operatorMessageId, status: 'delivered', code: null, at: AT })
  await Promise.all([keep('one'), keep('one'), keep('two')])
  const end = (smsId: number, part: number, operatorMessageId: string) =>
    book.endPart({ ...partEnd(smsId, 1, part, 'sent'), operatorMessageId })
  const ends = await Promise.all([1, 2, 3].map((part) => end(together, part, 'one')))
  expect(ends.map((each) => each !== null)).toEqual([true, true, false])
  const inTurn = []
  for (const part of [1, 2, 3]) inTurn.push((await end(apart, part, 'two')) !== null)
  expect(inTurn).toEqual([true, false, false])
})

test('an answer that names nothing that can be read is stored as taken: also an older worker submits it never again', async () => {
  const [short, long] = [newId(), newId()]
  await Promise.all([book.begin(start(short)), book.begin(start(long, { partCount: 2, parts: [1, 2] }))])
  const unread = { outcome: 'unidentified', operatorMessageId: null, errorCode: 'answer-unreadable' } as const
  await Promise.all([
    book.end({ ...taken(short, ''), ...unread }),
    book.endPart({ ...partEnd(long, 1, 1, 'unidentified'), ...unread }),
    book.endPart(partEnd(long, 1, 2, 'sent')),
    book.end({ ...taken(long, ''), operatorMessageId: null }),
  ])
  const { rows } = await pool.query('SELECT outcome, operator_message_id, error_code FROM attempts WHERE sms_id = $1', [
    short,
  ])
  expect(rows).toEqual([{ outcome: 'sent', operator_message_id: null, error_code: 'answer-unreadable' }])
  expect((await book.history(short)).attempts[0]!.parts).toMatchObject([unread])
  expect((await book.history(long)).attempts[0]).toMatchObject({
    outcome: 'sent',
    parts: [unread, { outcome: 'sent' }],
  })
  // It replaces the guess of a worker that gave the attempt up, as any answer does that says the message was taken.
  const late = newId()
  await book.begin(start(late))
  await book.end({ ...taken(late, ''), outcome: 'ambiguous', operatorMessageId: null, errorCode: 'worker-lost' })
  expect(await book.end({ ...taken(late, ''), ...unread })).toBeNull()
  expect((await book.history(late)).attempts[0]!.parts).toMatchObject([unread])
})

/** A book whose log lines are kept. */
function bookWithLog(): { logged: AttemptBook; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const keep = (fields: object, message?: string): void => void lines.push({ ...fields, message })
  return { logged: new AttemptBook(pool, 'worker', { error: keep, warn: keep, info: keep } as never), lines }
}

test('an end that cannot be stored as it is keeps its outcome, and its neighbours are stored whole', async () => {
  const { logged, lines } = bookWithLog()
  const [bad, long, ...good] = Array.from({ length: 40 }, newId) as [number, number, ...number[]]
  await Promise.all([
    ...[bad, ...good].map((smsId) => logged.begin(start(smsId))),
    logged.begin(start(long, { partCount: 2, parts: [1, 2] })),
  ])
  const ends = await Promise.all([
    ...good.slice(0, 19).map((smsId) => logged.end(taken(smsId, `id-${smsId}`))),
    logged.end(taken(bad, 'a\u0000b')),
    logged.endPart({ ...partEnd(long, 1, 1, 'sent'), operatorMessageId: 'a\u0000b' }),
    logged.endPart({ ...partEnd(long, 1, 2, 'rejected'), errorCode: '\u0000' }),
    logged.end({ ...taken(long, ''), operatorMessageId: null }),
    ...good.slice(19).map((smsId) => logged.end(taken(smsId, `id-${smsId}`))),
  ])
  // The worker that ended it looks up what is stored.
  expect(ends).toEqual([...Array(19).fill(null), 'contested', 'contested', 'contested', null, ...Array(19).fill(null)])
  for (const smsId of good) {
    expect((await logged.history(smsId)).attempts).toMatchObject([{ parts: [{ operatorMessageId: `id-${smsId}` }] }])
  }
  expect((await logged.history(bad)).attempts).toMatchObject([{ parts: [{ outcome: 'unidentified' }] }])
  expect((await logged.history(long)).attempts).toMatchObject([
    { outcome: 'sent', parts: [{ outcome: 'unidentified' }, { outcome: 'rejected', errorCode: null }] },
  ])
  expect(lines).toHaveLength(3)
  expect(lines).toContainEqual(
    expect.objectContaining({
      operator: 'a',
      sms_id: bad,
      attempt: 1,
      err: expect.objectContaining({ code: '22021' }),
    }),
  )
  expect(logged.check).not.toThrow()
})

test('a start, a receipt or an end that cannot be stored at all is refused to its caller alone, and nothing is tried for ever', async () => {
  const { logged, lines } = bookWithLog()
  const [first, second, third] = [newId(), newId(), newId()]
  const outside = 1
  const receipt = { attempt: 1, part: null, operator: 'a', status: 'delivered', code: null, at: AT } as const
  expect(await logged.begin(start(first))).toBe(true)
  expect(await logged.end(taken(first, 'x'))).toBeNull()
  const settled = await Promise.allSettled([
    logged.begin(start(second, { operator: 'a\u0000' })),
    logged.begin(start(third)),
    logged.end(taken(outside, 'y')),
    logged.endPart(partEnd(outside, 1, 1, 'sent')),
    logged.storeReceipt({ ...receipt, smsId: outside }),
    logged.storeReceipt({ ...receipt, smsId: first, code: 'a\u0000b' }),
    logged.storeReceipt({ ...receipt, smsId: third, at: new Date(Number.NaN) }),
    logged.keepEarly({ ...receipt, operatorMessageId: 'a\u0000b' }),
    logged.keepEarly({ ...receipt, operatorMessageId: 'early', code: '\u0000' }),
    logged.history(first),
  ])
  expect(settled.map(({ status }) => status)).toEqual([
    ...['rejected', 'fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'],
    'fulfilled',
  ])
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  expect(refused.map(({ code, name }) => code ?? name)).toEqual([
    ...['22021', '23514', '23514', '23514', 'RangeError', '22021'],
  ])
  const { rows } = await pool.query(
    `SELECT receipt_status, receipt_code FROM attempts WHERE sms_id = $1
     UNION ALL SELECT status, code FROM early_receipts`,
    [first],
  )
  expect(rows).toEqual(Array(2).fill({ receipt_status: 'delivered', receipt_code: null }))
  expect(await logged.begin(start(second))).toBe(true)
  expect(lines).toHaveLength(6)
  expect(lines.at(-1)).toMatchObject({ items: 3 })
  expect(logged.check).not.toThrow()
})

test('a message whose rows cannot be read is refused alone; one with a receipt and no answer can be', async () => {
  const [odd, fine] = [newId(), newId()]
  await book.begin(start(fine))
  await book.storeReceipt({
    smsId: odd,
    attempt: 1,
    part: null,
    operator: 'a',
    status: 'delivered',
    code: null,
    at: AT,
  })
  const [ofOdd, ofFine] = await Promise.all([book.history(odd), book.history(fine)])
  expect(ofOdd.attempts).toMatchObject([{ parts: [{ receipt: { status: 'delivered', afterMs: 0 } }] }])
  expect(ofFine.attempts).toHaveLength(1)
})

test("what is the database's own fault costs no end: it is kept, logged, and written when that has ended", async () => {
  const { logged, lines } = bookWithLog()
  const smsId = newId()
  await logged.begin(start(smsId))
  await pool.query('ALTER TABLE attempts RENAME TO moved')
  const ended = logged.end(taken(smsId, 'x'))
  await expect(logged.begin(start(newId()))).rejects.toMatchObject({ code: '42P01' })
  await eventually(
    'the failing write is logged',
    () => lines.length,
    (count) => count > 0,
  )
  expect(lines[0]).toMatchObject({ message: 'write of attempts failed; retrying', failures: 1 })
  await pool.query('ALTER TABLE moved RENAME TO attempts')
  expect(await ended).toBeNull()
  expect((await logged.history(smsId)).attempts[0]!.parts).toMatchObject([{ operatorMessageId: 'x' }])
})

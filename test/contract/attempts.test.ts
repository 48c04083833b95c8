import { beforeEach, expect, test } from 'vitest'
import type { PartEnd } from '../../src/delivery/attempt-statements.ts'
import { AttemptBook } from '../../src/delivery/record-attempts.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { Pool } from '../../src/postgres/pool.ts'
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

test('an attempt is begun once, by whoever is first; so is one that a customer cancelled', async () => {
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

test('who takes over knows of each part what is known, and which were submitted again', async () => {
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

test('who ends what another has ended is told so, and what stands is to be looked up', async () => {
  const [short, long, other] = [newId(), newId(), newId()]
  await Promise.all([book.begin(start(short)), book.begin(start(long, { partCount: 2, parts: [1, 2] }))])
  const lost = { outcome: 'ambiguous', operatorMessageId: null, errorCode: 'worker-lost' } as const
  expect(await book.end({ ...taken(short, ''), ...lost })).toBeNull()
  expect(await book.endPart({ ...partEnd(long, 1, 1, 'ambiguous'), ...lost })).toBeNull()
  const refused = { outcome: 'temporary', operatorMessageId: null, errorCode: '8' } as const
  expect(await book.end({ ...taken(short, ''), ...refused })).toBe('contested')
  expect(await book.endPart(partEnd(long, 1, 1, 'temporary'))).toBe('contested')
  expect(await book.endPart(partEnd(long, 1, 1, 'sent'))).toBeNull()
  // Our own commit, of which we did not hear: the same again. Nobody knows which of them it was.
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

test('the first receipt stands, unless it says that nobody knows', async () => {
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

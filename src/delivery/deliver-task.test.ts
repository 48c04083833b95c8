import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Book, operator, refused, SENT, toItsEnd, worker } from '../../test/delivery/task-worker.ts'
import { SmsIds } from '../domain/sms-id.ts'
import type { ConnectionCondition } from './connections/choose-connection.ts'
import type { SubmitResult } from './connectors/connector.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

test('an attempt that another worker ended meanwhile is as that one ended it', async () => {
  const [only, book] = [operator('a', [refused('temporary')]), new Book()]
  const frozen = worker(book, [only])
  const end = book.end.bind(book)
  // It was frozen between the submit and its answer, and was given up.
  book.end = async (ours) => {
    book.end = end
    await end({ ...ours, outcome: 'ambiguous', errorCode: 'worker-lost' })
    return 'contested'
  }
  await frozen.handle()
  expect(frozen.reported.map(([status, { errorCode }]) => [status, errorCode])).toContainEqual([
    'unknown',
    'worker-lost',
  ])
  expect(frozen.reported.some(([, { errorCode }]) => errorCode === 'temporary')).toBe(false)
})

test('two refusals for now, and the next operator has its slot', async () => {
  const [first, second] = [operator('a', [refused('temporary'), refused('temporary')]), operator('b', [])]
  expect(await toItsEnd(worker(new Book(), [first, second]))).toEqual({ kind: 'done' })
  expect([first.submits, second.submits]).toEqual([['1.1', '2.1'], ['3.1']])
})

test('after a lost answer with hold no operator gets the message again, with resend the next one may, flagged', async () => {
  for (const policy of ['hold', 'resend'] as const) {
    const [first, second] = [operator('a', [refused('ambiguous')], policy), operator('b', [], policy)]
    const book = new Book()
    const before = worker(book, [first, second])
    if (policy === 'resend') first.answers.push(refused('temporary'), refused('temporary'))
    expect(await toItsEnd(before)).toEqual({ kind: 'done' })
    const [status, { possibleDuplicate, operator: of }] = before.reported.at(-1)!
    if (policy === 'hold') {
      expect([status, of, first.submits, second.submits]).toEqual(['unknown', 'a', ['1.1'], []])
    } else {
      expect([status, of, possibleDuplicate]).toEqual(['sent', 'b', true])
      expect([first.submits, second.submits]).toEqual([['1.1', '2.1', '3.1'], ['4.1']])
    }
  }
})

test('an operator whose answers are always lost gets a message four times at most, and each time but the first is flagged', async () => {
  const lost = Array.from({ length: 50 }, () => refused('ambiguous'))
  const [only, book] = [operator('a', lost, 'resend'), new Book()]
  const running = worker(book, [only])
  const beganMs = Date.now()
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect(only.submits).toEqual(['1.1', '2.1', '3.1', '4.1'])
  expect(Date.now() - beganMs).toBeGreaterThan(210_000)
  expect(book.attempts.map(({ possibleDuplicate }) => possibleDuplicate)).toEqual([false, true, true, true])
  expect(running.reported.at(-1)).toMatchObject(['unknown', { possibleDuplicate: true }])
})

test('what was taken with an answer that cannot be read is sent without an id, and never again, whatever the policy', async () => {
  for (const policy of ['hold', 'resend'] as const) {
    const unread: SubmitResult = { kind: 'unidentified', code: 'answer-unreadable', sample: 'OK' }
    const only = operator('a', [unread], policy)
    const running = worker(new Book(), [only])
    expect(await toItsEnd(running)).toEqual({ kind: 'done' })
    expect(only.submits).toEqual(['1.1'])
    expect(running.reported.at(-1)).toMatchObject(['sent', { operatorMessageId: null, errorCode: null }])
    const long = operator('a', [SENT, unread, refused('temporary')], policy, 3)
    const parts = worker(new Book(), [long])
    expect(await toItsEnd(parts)).toEqual({ kind: 'done' })
    expect(long.submits).toEqual(['1.1', '1.2', '1.3', '2.3'])
    expect(parts.reported.at(-1)).toMatchObject([
      'sent',
      {
        operatorMessageId: 'a-1',
        parts: [{ part: 1, operator_message_id: 'a-1' }, { part: 2, status: 'sent' }, { part: 3 }],
      },
    ])
    expect(parts.reported.at(-1)![1].parts![1]).not.toHaveProperty('operator_message_id')
  }
})

test('trouble with the database pauses, what it refuses is a dead letter with the cause, and a slip of our own is for the brake', async () => {
  const failing = (error: Error): Book => {
    const book = new Book()
    book.begin = async () => Promise.reject(error)
    return book
  }
  const refusedBy = (code: string, about: object = {}) =>
    Object.assign(new Error(`refused by ${code}`), { code, ...about })
  const handle = (book: Book, changes: object = {}) => worker(book, [operator('a', [])], changes).handle()
  for (const code of ['57P01', '42P01', '42501', 'ECONNREFUSED']) {
    expect(await handle(failing(refusedBy(code)))).toMatchObject({ kind: 'pause' })
  }
  expect(await handle(failing(refusedBy('22021')))).toMatchObject({ kind: 'dead-letter', error: 'refused by 22021' })
  const slipping = worker(failing(new TypeError('a slip')), [operator('a', [])])
  for (let visit = 1; visit < 5; visit++) expect(await slipping.handle()).toMatchObject({ kind: 'retry' })
  expect(await slipping.handle()).toMatchObject({ kind: 'dead-letter', error: 'a slip', isVerdict: false })
  // A partition that is missing is ours for a message of today, and the item's for an id that was never issued.
  const today = new SmsIds(1).next(Date.now())
  expect(await handle(failing(refusedBy('23514')), { sms_id: today })).toMatchObject({ kind: 'pause' })
  expect(await handle(failing(refusedBy('23514')))).toMatchObject({ kind: 'dead-letter' })
})

test('an attempt that could not be begun leaves the operator to be tried by another message', async () => {
  const only = operator('a', [])
  const { connection } = only.candidate
  for (let failures = 0; failures < 80; failures++) connection.health.answered('temporary', Date.now())
  vi.setSystemTime(Date.now() + 1_000)
  connection.connector.submit = () => Promise.reject(new TypeError('a slip'))
  expect(await worker(new Book(), [only]).handle()).toMatchObject({ kind: 'retry' })
  expect(connection.health.condition(Date.now())).toBe('ready' satisfies ConnectionCondition)
})

test('of a long message only what is open is submitted again, by the operator that has the rest', async () => {
  const first = operator('a', [SENT, refused('temporary'), refused('throttled')], 'hold', 3)
  const running = worker(new Book(), [first, operator('b', [], 'hold', 3)])
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect(first.submits).toEqual(['1.1', '1.2', '1.3', '2.2', '2.3'])
  const sending = running.reported.filter(([status]) => status === 'sending').map(([, { parts }]) => parts)
  expect(sending).toEqual([undefined, [{ part: 2 }, { part: 3 }]])
  expect(running.reported.at(-1)).toMatchObject([
    'sent',
    {
      operatorMessageId: 'a-1',
      parts: [{ part: 1, status: 'sent' }, { part: 2 }, { part: 3, operator_message_id: 'a-3' }],
    },
  ])
})

test('a worker that takes over goes on from the rows alone: what is open of a dead one is held', async () => {
  const [first, book] = [operator('a', [], 'hold', 2), new Book()]
  const dead = {
    smsId: 7,
    attempt: 1,
    operator: 'a',
    possibleDuplicate: false,
    leaseMs: -1,
    partCount: 2,
    parts: [1, 2],
  }
  await book.begin(dead)
  await book.endPart({ ...dead, part: 2, outcome: 'sent', operatorMessageId: 'a-2', errorCode: null })
  const running = worker(book, [first])
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect(first.submits).toEqual([])
  expect(running.reported.at(-1)).toMatchObject(['unknown', { operatorMessageId: 'a-2', errorCode: 'worker-lost' }])
})

test('what a dead worker stored is published, also when the database was unavailable the first time', async () => {
  const [first, book] = [operator('a', []), new Book()]
  const dead = { smsId: 7, attempt: 1, operator: 'a', possibleDuplicate: false, leaseMs: -1, partCount: 1, parts: [1] }
  await book.begin(dead)
  await book.end({ ...dead, outcome: 'sent', operatorMessageId: 'a-1', errorCode: null })
  const publishStored = vi.fn(async () => {})
  publishStored.mockRejectedValueOnce(Object.assign(new Error('shutting down'), { code: '57P01' }))
  const running = worker(book, [first], {}, publishStored)
  expect(await running.handle()).toMatchObject({ kind: 'pause' })
  expect(await running.handle()).toEqual({ kind: 'done' })
  expect(publishStored).toHaveBeenCalledTimes(2)
})

test('refusals that are used up are a dead letter; one for good is not', async () => {
  const failing = worker(new Book(), [operator('a', [refused('temporary'), refused('temporary')])], { max_retries: 1 })
  expect(await toItsEnd(failing)).toMatchObject({ kind: 'dead-letter', reason: 'attempts-exhausted' })
  expect(failing.reported.at(-1)).toMatchObject(['failed', { attempt: 2, errorCode: 'temporary' }])
  const rejecting = worker(new Book(), [operator('a', [refused('rejected')])])
  expect(await toItsEnd(rejecting)).toEqual({ kind: 'done' })
  expect(rejecting.reported.at(-1)).toMatchObject(['rejected', { errorCode: 'rejected' }])
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SmsIds } from '../domain/sms-id.ts'
import type { StatusDetails } from '../events/status-record.ts'
import type { Outcome } from '../kafka/consumer/outcome.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { type Attempt, type AttemptPart, outcomeOf } from './attempt.ts'
import type { AttemptEnd, AttemptStart, PartEnd } from './attempt-statements.ts'
import type { LineCondition } from './choose-line.ts'
import type { SubmitResult } from './connectors/connector.ts'
import { type TaskDelays, TaskDelivery } from './deliver-task.ts'
import { LeavingPartitions } from './leaving-partitions.ts'
import { LineHealth } from './line-health.ts'
import type { LineCandidate } from './live-lines.ts'
import { AttemptMaker } from './make-attempt.ts'
import { OperatorQueue } from './operator-queue.ts'
import type { Permit } from './pace/gate.ts'
import type { WrittenEnd } from './record-attempts.ts'

const SENT: SubmitResult = { kind: 'sent', operatorMessageId: 'id' }

const OPEN = { throttled() {}, stop() {} }

function refused(kind: Exclude<SubmitResult['kind'], 'sent' | 'unidentified'>): SubmitResult {
  return { kind, code: kind }
}

/** The tables of attempts, in memory; any worker's. */
class Book {
  readonly attempts: Attempt[] = []

  async begin(start: AttemptStart): Promise<boolean> {
    if (this.attempts.some(({ attempt }) => attempt === start.attempt)) return false
    const parts = start.parts.map((part): AttemptPart => {
      return { part, outcome: null, operatorMessageId: null, errorCode: null, receipt: null }
    })
    const times = { leaseUntilMs: Date.now() + start.leaseMs, endedAtMs: null }
    this.attempts.push({ ...start, ...times, outcome: null, parts })
    return true
  }

  async endPart({ attempt, part, ...end }: PartEnd): Promise<null> {
    const at = this.attempts.findIndex((each) => each.attempt === attempt)
    const parts = this.attempts[at]!.parts.map((each) => (each.part === part ? { ...each, ...end } : each))
    this.attempts[at] = { ...this.attempts[at]!, parts }
    return null
  }

  async end({ attempt, ...end }: AttemptEnd): Promise<WrittenEnd> {
    const at = this.attempts.findIndex((each) => each.attempt === attempt)
    const { partCount, parts } = this.attempts[at]!
    const ended = partCount === 1 ? [{ ...parts[0]!, ...end }] : parts
    this.attempts[at] = { ...this.attempts[at]!, parts: ended, outcome: outcomeOf(ended), endedAtMs: Date.now() }
    return null
  }

  async history(): Promise<{ attempts: Attempt[]; attemptsBefore: number }> {
    return { attempts: [...this.attempts], attemptsBefore: 0 }
  }
}

interface Operator {
  readonly name: string
  /** What it answers, one after another; then it takes everything. */
  readonly answers: SubmitResult[]
  readonly submits: string[]
  isReady: boolean
  readonly candidate: LineCandidate
}

function operator(
  name: string,
  answers: SubmitResult[],
  onAmbiguous: 'hold' | 'resend' = 'hold',
  partCount = 1,
  permit: Permit | null = null,
): Operator {
  const submits: string[] = []
  const connector = {
    isReady: true,
    start: () => {},
    stop: async () => {},
    partsOf: () => partCount,
    submit: async ({ ref }: { ref: string }, part: number) => {
      submits.push(`${ref.split('.')[1]}.${part}`)
      const answer = answers.shift() ?? SENT
      return answer.kind === 'sent' ? { ...answer, operatorMessageId: `${name}-${part}` } : answer
    },
  }
  const health = new LineHealth({
    isReady: () => connector.isReady,
    graceMs: 0,
    unavailable: () => {},
    breakerChanged: () => {},
  })
  const line = {
    name,
    connector,
    health,
    queue: new OperatorQueue(connector, 10, permit ? { openGate: () => ({ ...OPEN, take: () => permit }) } : {}),
    responseTimeoutMs: 1_000,
    onAmbiguous,
    resends: { max: 3, msFirst: 10_000 },
  }
  const answered = (kind: SubmitResult['kind']): void => health.answered(kind, Date.now())
  const candidate = { line: { ...line, answered }, sender: null, why: `${name}: every number` }
  return {
    name,
    answers,
    submits,
    get isReady() {
      return connector.isReady
    },
    set isReady(isReady) {
      connector.isReady = isReady
      health.readyChanged()
    },
    candidate: candidate as unknown as LineCandidate,
  }
}

type Told = [status: string, details: StatusDetails]

/** A worker that has the message in hand. */
function worker(
  book: Book,
  operators: readonly Operator[],
  changes: object = {},
  tellStored = async () => {},
  delayed: TaskDelays | null = null,
) {
  const told: Told[] = []
  const leaving = new LeavingPartitions()
  const task = { sms_id: 7, customer_id: 'c', phone: '+98935', message: 'x', operator: operators[0]?.name, priority: 1 }
  const rest = {
    retry_count: 0,
    max_retries: 3,
    created_at: '2026-11-24T10:00:00.000Z',
    sender: null,
    encoding: 'gsm7',
  }
  const delivery = new TaskDelivery({
    clock: { nowMs: () => Date.now() },
    tasks: { read: () => ({ ...task, ...rest, segments: 1, valid_until: null, ...changes }) } as never,
    lines: {
      get: (name: string) => operators.find((each) => each.name === name)?.candidate.line,
      candidates: () => operators.map(({ candidate }) => candidate),
    },
    attempts: book as never,
    maker: new AttemptMaker({ attempts: book, submitted: () => {} }),
    reporter: {
      report: async (_: unknown, status: string, details: StatusDetails) => void told.push([status, details]),
    } as never,
    receipts: { expect: () => {} },
    teller: { tell: async () => {}, tellStored } as never,
    leaving,
    rules: { retryMsFirst: 0, retryMsMax: 0, validMsDefault: Number.POSITIVE_INFINITY },
    delayed,
  })
  const record = { topic: 't', partition: 0, header: () => undefined, isAbandoned: false } as unknown as ConsumedRecord
  return { told, leaving, handle: (): Promise<Outcome> => delivery.handle(record) }
}

/** Visits a record until nothing more is to be done with it, as lanes do; waits pass at once. */
async function toItsEnd({ handle }: ReturnType<typeof worker>): Promise<Outcome> {
  for (let visits = 0; visits < 50; visits++) {
    const outcome = await handle()
    if (outcome.kind !== 'retry' && outcome.kind !== 'shed') return outcome
    vi.setSystemTime(Math.ceil(outcome.atMs))
  }
  throw new Error('the record comes to no end')
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

const untilUnbound = (one: Operator): Promise<void> => {
  return expect.poll(() => one.candidate.line.health.condition(Date.now())).toBe('unbound' satisfies LineCondition)
}

test('an operator without a line is passed over, and the attempt that is made says which one it was and why', async () => {
  const [first, second] = [operator('a', []), operator('b', [])]
  first.isReady = false
  await untilUnbound(first)
  const running = worker(new Book(), [first, second])
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect([first.submits, second.submits]).toEqual([[], ['1.1']])
  expect(running.told.map(([status, { operator: of }]) => `${status} ${of}`)).toEqual(['sending b', 'sent b'])
  expect(running.told[0]![1]).toMatchObject({ route: 'b: every number', attempt: 1 })
})

test('while no operator takes it the message waits: no attempt is made and no retry is used up', async () => {
  const [only, book] = [operator('a', []), new Book()]
  only.isReady = false
  await untilUnbound(only)
  const running = worker(book, [only])
  expect(await running.handle()).toMatchObject({ kind: 'shed' })
  expect(book.attempts).toEqual([])
  only.isReady = true
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
})

test('what waits for operators that are away for longer is put aside until the one that left last is there again', async () => {
  const [first, second] = [operator('a', []), operator('b', [])]
  first.isReady = false
  await untilUnbound(first)
  vi.setSystemTime(Date.now() + 2_000)
  second.isReady = false
  await untilUnbound(second)
  const awaited: string[] = []
  const delays: TaskDelays = {
    shouldDefer: () => false,
    defer: async () => {},
    shouldAwait: (awayForMs) => awayForMs > 3_000,
    awaitOperator: async (_record, _task, name) => void awaited.push(name),
  }
  const running = worker(new Book(), [first, second], {}, undefined, delays)
  vi.setSystemTime(Date.now() + 2_000)
  expect(await running.handle()).toMatchObject({ kind: 'shed' })
  vi.setSystemTime(Date.now() + 2_000)
  expect(await running.handle()).toEqual({ kind: 'done' })
  expect(awaited).toEqual(['b'])
  expect(running.told.map(([status]) => status)).toEqual(['queued'])
})

test('an attempt that another worker ended meanwhile is as that one ended it', async () => {
  const [only, book] = [operator('a', [refused('temporary')]), new Book()]
  const frozen = worker(book, [only])
  const end = book.end.bind(book)
  // It stood still between the submit and its answer, and was given up.
  book.end = async (ours) => {
    book.end = end
    await end({ ...ours, outcome: 'ambiguous', errorCode: 'worker-lost' })
    return 'contested'
  }
  await frozen.handle()
  expect(frozen.told.map(([status, { errorCode }]) => [status, errorCode])).toContainEqual(['unknown', 'worker-lost'])
  expect(frozen.told.some(([, { errorCode }]) => errorCode === 'temporary')).toBe(false)
})

test('two refusals for now, and the next operator has its turn', async () => {
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
    const [status, { possibleDuplicate, operator: of }] = before.told.at(-1)!
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
  expect(running.told.at(-1)).toMatchObject(['unknown', { possibleDuplicate: true }])
})

test('what was taken with an answer that cannot be read is sent without an id, and never again, whatever the policy', async () => {
  for (const policy of ['hold', 'resend'] as const) {
    const unread: SubmitResult = { kind: 'unidentified', code: 'answer-unreadable', sample: 'OK' }
    const only = operator('a', [unread], policy)
    const running = worker(new Book(), [only])
    expect(await toItsEnd(running)).toEqual({ kind: 'done' })
    expect(only.submits).toEqual(['1.1'])
    expect(running.told.at(-1)).toMatchObject(['sent', { operatorMessageId: null, errorCode: null }])
    const long = operator('a', [SENT, unread, refused('temporary')], policy, 3)
    const parts = worker(new Book(), [long])
    expect(await toItsEnd(parts)).toEqual({ kind: 'done' })
    expect(long.submits).toEqual(['1.1', '1.2', '1.3', '2.3'])
    expect(parts.told.at(-1)).toMatchObject([
      'sent',
      {
        operatorMessageId: 'a-1',
        parts: [{ part: 1, operator_message_id: 'a-1' }, { part: 2, status: 'sent' }, { part: 3 }],
      },
    ])
    expect(parts.told.at(-1)![1].parts![1]).not.toHaveProperty('operator_message_id')
  }
})

test('a message whose operator no revision here knows waits for one that does, and only then is a dead letter', async () => {
  const operators: Operator[] = []
  const [later, book] = [operator('new', []), new Book()]
  const running = worker(book, operators, { operator: 'new' })
  expect(await running.handle()).toMatchObject({ kind: 'shed' })
  operators.push(later)
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect(later.submits).toEqual(['1.1'])
  const never = await toItsEnd(worker(new Book(), [], { operator: 'gone' }))
  expect(never).toMatchObject({ kind: 'dead-letter', reason: 'handler', error: expect.stringContaining('"gone"') })
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
  // A partition that is missing is ours for a message of today, and the item's for an id that nobody gave.
  const today = new SmsIds(1).next(Date.now())
  expect(await handle(failing(refusedBy('23514')), { sms_id: today })).toMatchObject({ kind: 'pause' })
  expect(await handle(failing(refusedBy('23514')))).toMatchObject({ kind: 'dead-letter' })
})

test('an attempt that could not be begun leaves the operator to be tried by another message', async () => {
  const only = operator('a', [])
  const { line } = only.candidate
  for (let failures = 0; failures < 80; failures++) line.health.answered('temporary', Date.now())
  vi.setSystemTime(Date.now() + 1_000)
  line.connector.submit = () => Promise.reject(new TypeError('a slip'))
  expect(await worker(new Book(), [only]).handle()).toMatchObject({ kind: 'retry' })
  expect(line.health.condition(Date.now())).toBe('ready' satisfies LineCondition)
})

test('of a long message only what is open is submitted again, by the operator that has the rest', async () => {
  const first = operator('a', [SENT, refused('temporary'), refused('throttled')], 'hold', 3)
  const running = worker(new Book(), [first, operator('b', [], 'hold', 3)])
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect(first.submits).toEqual(['1.1', '1.2', '1.3', '2.2', '2.3'])
  const sending = running.told.filter(([status]) => status === 'sending').map(([, { parts }]) => parts)
  expect(sending).toEqual([undefined, [{ part: 2 }, { part: 3 }]])
  expect(running.told.at(-1)).toMatchObject([
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
  expect(running.told.at(-1)).toMatchObject(['unknown', { operatorMessageId: 'a-2', errorCode: 'worker-lost' }])
})

test('what a dead worker stored is told, also when the database was away the first time', async () => {
  const [first, book] = [operator('a', []), new Book()]
  const dead = { smsId: 7, attempt: 1, operator: 'a', possibleDuplicate: false, leaseMs: -1, partCount: 1, parts: [1] }
  await book.begin(dead)
  await book.end({ ...dead, outcome: 'sent', operatorMessageId: 'a-1', errorCode: null })
  const tellStored = vi.fn(async () => {})
  tellStored.mockRejectedValueOnce(Object.assign(new Error('shutting down'), { code: '57P01' }))
  const running = worker(book, [first], {}, tellStored)
  expect(await running.handle()).toMatchObject({ kind: 'pause' })
  expect(await running.handle()).toEqual({ kind: 'done' })
  expect(tellStored).toHaveBeenCalledTimes(2)
})

test('an operator that asks for a slower pace holds the lane, and uses up no retry', async () => {
  const busy = operator(
    'a',
    Array.from({ length: 8 }, () => refused('throttled')),
  )
  const running = worker(new Book(), [busy], { max_retries: 0 })
  expect(await running.handle()).toMatchObject({ kind: 'shed' })
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect(busy.submits).toHaveLength(9)
})

test('refusals that are used up are a dead letter; one for good is not', async () => {
  const failing = worker(new Book(), [operator('a', [refused('temporary'), refused('temporary')])], { max_retries: 1 })
  expect(await toItsEnd(failing)).toMatchObject({ kind: 'dead-letter', reason: 'attempts-exhausted' })
  expect(failing.told.at(-1)).toMatchObject(['failed', { attempt: 2, errorCode: 'temporary' }])
  const rejecting = worker(new Book(), [operator('a', [refused('rejected')])])
  expect(await toItsEnd(rejecting)).toEqual({ kind: 'done' })
  expect(rejecting.told.at(-1)).toMatchObject(['rejected', { errorCode: 'rejected' }])
})

test('what would be too late at its slot is not sent, and neither is what its slot kept waiting until then', async () => {
  const validUntilMs = Date.now() + 10_000
  const slow = (untilMs: number): Permit => ({
    untilMs,
    due: async () => {
      vi.setSystemTime(validUntilMs)
      return true
    },
  })
  for (const untilMs of [validUntilMs, validUntilMs - 1]) {
    vi.setSystemTime(validUntilMs - 10_000)
    const [book, one] = [new Book(), operator('a', [], 'hold', 1, slow(untilMs))]
    const running = worker(book, [one], { valid_until: new Date(validUntilMs).toISOString() })
    expect(await toItsEnd(running)).toEqual({ kind: 'done' })
    expect(one.submits).toEqual([])
    expect(running.told.at(-1)![0]).toBe('expired')
    expect(book.attempts).toHaveLength(untilMs < validUntilMs ? 1 : 0)
  }
})

test('a message that tries an operator is its only try, though a part of it missed its slot', async () => {
  const due = [true, false]
  const one = operator('a', [], 'hold', 2, { untilMs: 0, due: async () => due.shift()! })
  const { line } = one.candidate
  for (let failures = 0; failures < 80; failures++) line.health.answered('temporary', Date.now())
  vi.setSystemTime(Date.now() + 1_000)
  const answer = Promise.withResolvers<SubmitResult>()
  line.connector.submit = () => answer.promise
  const handled = worker(new Book(), [one]).handle()
  await expect.poll(() => due).toEqual([])
  expect(line.health.condition(Date.now())).toBe('broken' satisfies LineCondition)
  answer.resolve(SENT)
  await handled
  expect(line.health.condition(Date.now())).toBe('ready' satisfies LineCondition)
})

test('of a partition that leaves nothing waits for a turn any more, until it comes back', async () => {
  const one = operator('a', [])
  one.candidate.line.connector.partsOf = () => {
    leaving.leave([{ topic: 't', partition: 0 }])
    return 1
  }
  const { leaving, handle } = worker(new Book(), [one])
  expect(await handle()).toMatchObject({ kind: 'shed' })
  expect(one.submits).toEqual([])
  one.candidate.line.connector.partsOf = () => 1
  leaving.come([{ topic: 't', partition: 0 }])
  expect(await handle()).toEqual({ kind: 'done' })
})

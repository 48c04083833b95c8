import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  Book,
  type Operator,
  operator,
  refused,
  SENT,
  toItsEnd,
  untilUnbound,
  worker,
} from '../../test/delivery/task-worker.ts'
import type { ConnectionCondition } from './connections/choose-connection.ts'
import type { SubmitResult } from './connectors/connector.ts'
import type { Permit } from './pace/gate.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

test('an operator without a connection is passed over, and the attempt that is made says which one it was and why', async () => {
  const [first, second] = [operator('a', []), operator('b', [])]
  first.isReady = false
  await untilUnbound(first)
  const running = worker(new Book(), [first, second])
  expect(await toItsEnd(running)).toEqual({ kind: 'done' })
  expect([first.submits, second.submits]).toEqual([[], ['1.1']])
  expect(running.reported.map(([status, { operator: of }]) => `${status} ${of}`)).toEqual(['sending b', 'sent b'])
  expect(running.reported[0]![1]).toMatchObject({ route: 'b: every number', attempt: 1 })
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

test('a task whose operators are all unavailable for longer awaits the one that became unavailable last', async () => {
  const [first, second] = [operator('a', []), operator('b', [])]
  first.isReady = false
  await untilUnbound(first)
  vi.setSystemTime(Date.now() + 2_000)
  second.isReady = false
  await untilUnbound(second)
  const running = worker(new Book(), [first, second], {}, undefined, { deferAfterMs: 3_000 })
  vi.setSystemTime(Date.now() + 2_000)
  expect(await running.handle()).toMatchObject({ kind: 'shed' })
  vi.setSystemTime(Date.now() + 2_000)
  expect(await running.handle()).toEqual({ kind: 'await-operator', operator: 'b', isOnly: false })
  expect(running.reported.map(([status]) => status)).toEqual(['queued'])
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
    expect(running.reported.at(-1)![0]).toBe('expired')
    expect(book.attempts).toHaveLength(untilMs < validUntilMs ? 1 : 0)
  }
})

test('a message that tries an operator is its only try, though a part of it missed its slot', async () => {
  const due = [true, false]
  const one = operator('a', [], 'hold', 2, { untilMs: 0, due: async () => due.shift()! })
  const { connection } = one.candidate
  for (let failures = 0; failures < 80; failures++) connection.health.answered('temporary', Date.now())
  vi.setSystemTime(Date.now() + 1_000)
  const answer = Promise.withResolvers<SubmitResult>()
  connection.connector.submit = () => answer.promise
  const handled = worker(new Book(), [one]).handle()
  await expect.poll(() => due).toEqual([])
  expect(connection.health.condition(Date.now())).toBe('broken' satisfies ConnectionCondition)
  answer.resolve(SENT)
  await handled
  expect(connection.health.condition(Date.now())).toBe('ready' satisfies ConnectionCondition)
})

test('of a partition that leaves nothing waits for a slot any more, until it comes back', async () => {
  const one = operator('a', [])
  one.candidate.connection.connector.partsOf = () => {
    leaving.leave([{ topic: 't', partition: 0 }])
    return 1
  }
  const { leaving, handle } = worker(new Book(), [one])
  expect(await handle()).toMatchObject({ kind: 'shed' })
  expect(one.submits).toEqual([])
  one.candidate.connection.connector.partsOf = () => 1
  leaving.come([{ topic: 't', partition: 0 }])
  expect(await handle()).toEqual({ kind: 'done' })
})

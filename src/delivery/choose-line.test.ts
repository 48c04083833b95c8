import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseLine, type FailoverReason, type LineChoice } from './choose-line.ts'

const ALL: readonly FailoverReason[] = ['unbound', 'broken', 'refusing']

function choice(operator: string, changes: Partial<LineChoice> = {}): LineChoice {
  return { operator, condition: 'ready', refusals: 0, failover: ALL, ...changes }
}

test('the preferred operator is used while it takes messages, the next one when its route says so', () => {
  const second = choice('b')
  expect(chooseLine([choice('a'), second], null, 2)).toBe('a')
  for (const condition of ['unbound', 'broken'] as const) {
    expect(chooseLine([choice('a', { condition }), second], null, 2)).toBe('b')
    expect(chooseLine([choice('a', { condition, failover: [] }), second], null, 2)).toBeNull()
  }
  expect(chooseLine([choice('a', { refusals: 1 }), second], null, 2)).toBe('a')
  expect(chooseLine([choice('a', { refusals: 2 }), second], null, 2)).toBe('b')
  expect(chooseLine([choice('a', { refusals: 2, failover: ['unbound'] }), second], null, 2)).toBe('a')
})

test('when no other takes it, the one that refused is tried again', () => {
  const refusing = choice('a', { refusals: 5 })
  expect(chooseLine([refusing], null, 2)).toBe('a')
  expect(chooseLine([refusing, choice('b', { condition: 'unbound' })], null, 2)).toBe('a')
})

test('a message of which an operator has a part goes to that one or waits', () => {
  expect(chooseLine([choice('a'), choice('b')], 'b', 2)).toBe('b')
  expect(chooseLine([choice('a'), choice('b', { condition: 'unbound' })], 'b', 2)).toBeNull()
  expect(chooseLine([choice('a')], 'gone', 2)).toBeNull()
})

test('an operator is chosen only if it is ready, and one after another only for a reason that its route names', () => {
  const arbitrary = fc.array(
    fc.record({
      condition: fc.constantFrom('ready', 'unbound', 'broken'),
      refusals: fc.nat(4),
      failover: fc.subarray([...ALL]),
    }),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(arbitrary, (lines) => {
      const choices = lines.map((line, index) => ({ ...line, operator: String(index) }))
      const chosen = chooseLine(choices, null, 2)
      if (chosen === null) return
      expect(choices[Number(chosen)]!.condition).toBe('ready')
      for (const { condition, failover } of choices.slice(0, Number(chosen))) {
        expect(failover).toContain(condition === 'ready' ? 'refusing' : condition)
      }
    }),
  )
})

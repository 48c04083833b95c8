import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ConnectionChoice, chooseConnection } from './choose-connection.ts'

function choice(operator: string, changes: Partial<ConnectionChoice> = {}): ConnectionChoice {
  return { operator, condition: 'ready', refusals: 0, ...changes }
}

test('the preferred operator is used while it takes the message, else the next one', () => {
  const second = choice('b')
  expect(chooseConnection([choice('a'), second], null, 2)).toBe('a')
  for (const condition of ['unbound', 'broken'] as const) {
    expect(chooseConnection([choice('a', { condition }), second], null, 2)).toBe('b')
    expect(chooseConnection([choice('a', { condition })], null, 2)).toBeNull()
  }
  expect(chooseConnection([choice('a', { refusals: 1 }), second], null, 2)).toBe('a')
  expect(chooseConnection([choice('a', { refusals: 2 }), second], null, 2)).toBe('b')
})

test('when no other takes it, the one that refused is tried again', () => {
  const refusing = choice('a', { refusals: 5 })
  expect(chooseConnection([refusing], null, 2)).toBe('a')
  expect(chooseConnection([refusing, choice('b', { condition: 'unbound' })], null, 2)).toBe('a')
})

test('a message of which an operator has a part goes to that one or waits', () => {
  expect(chooseConnection([choice('a'), choice('b')], 'b', 2)).toBe('b')
  expect(chooseConnection([choice('a'), choice('b', { condition: 'unbound' })], 'b', 2)).toBeNull()
  expect(chooseConnection([choice('a')], 'gone', 2)).toBeNull()
})

test('one that takes messages is always found, and none before it is passed over without a reason', () => {
  const arbitrary = fc.array(
    fc.record({ condition: fc.constantFrom('ready', 'unbound', 'broken'), refusals: fc.nat(4) }),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(arbitrary, (connections) => {
      const choices = connections.map((connection, index) => ({ ...connection, operator: String(index) }))
      const chosen = chooseConnection(choices, null, 2)
      expect(chosen === null).toBe(choices.every(({ condition }) => condition !== 'ready'))
      if (chosen === null) return
      const { condition, refusals } = choices[Number(chosen)]!
      expect(condition).toBe('ready')
      const isWilling = choices.some((each) => each.condition === 'ready' && each.refusals < 2)
      if (isWilling) expect(refusals).toBeLessThan(2)
      for (const before of choices.slice(0, Number(chosen))) {
        expect(before.condition !== 'ready' || before.refusals >= 2).toBe(true)
      }
    }),
  )
})

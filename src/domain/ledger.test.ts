import { expect, test } from 'vitest'
import { effectOf, settlementBy } from './ledger.ts'
import { STATUSES } from './status.ts'

test.each([
  ['top-up', { balance: 7, reserved: 0 }],
  ['reserve', { balance: -7, reserved: 7 }],
  ['capture', { balance: 0, reserved: -7 }],
  ['release', { balance: 7, reserved: -7 }],
] as const)('%s of 7', (kind, effect) => {
  // Zero is zero of either sign: both are the same number in PostgreSQL.
  expect(Object.entries(effectOf(kind, 7)).map(([name, value]) => [name, value + 0])).toEqual(Object.entries(effect))
})

const TAKEN = { sent: 'capture', delivered: 'capture', unknown: 'capture' } as const
const OVER = ['failed', 'rejected', 'cancelled', 'expired']

test.each(STATUSES)(
  '%s: what it does to reserved money, and that it does nothing to money that is settled',
  (status) => {
    const always = TAKEN[status as keyof typeof TAKEN] ?? null
    expect(settlementBy(status, 'reserved', false)).toBe(OVER.includes(status) ? 'release' : always)
    expect(settlementBy(status, 'reserved', true)).toBe(OVER.includes(status) ? 'capture' : always)
    for (const taken of [true, false]) {
      expect(settlementBy(status, 'captured', taken)).toBeNull()
      expect(settlementBy(status, 'released', taken)).toBeNull()
    }
  },
)

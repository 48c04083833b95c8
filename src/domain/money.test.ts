import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DRAFT } from '../../test/servers/sample-message.ts'
import { type AcceptRequest, decideAccept, type GivenAnswer, type MessageDraft, rememberedDays } from './accept.ts'
import { Problem } from './errors.ts'
import { effectOf, type LedgerEffect, type Settlement, settlementBy } from './ledger.ts'
import { STATUSES } from './status.ts'

const draft = (cost: number): MessageDraft => ({ ...DRAFT, cost })

const request = fc.record({
  customerId: fc.constantFrom('a', 'b', 'c'),
  costs: fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }),
})

test('no balance goes below zero, and what does not fit one message may fit the next', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), fc.nat(1_000), (requests, balance) => {
      const asked = requests.map(({ customerId, costs }): AcceptRequest => {
        return { customerId, claim: null, rows: costs.map((cost) => ({ draft: draft(cost), claim: null })) }
      })
      const balances = new Map([
        ['a', balance],
        ['b', balance],
      ])
      const decisions = decideAccept(asked, balances, () => undefined)
      const left = new Map(balances)
      for (const [index, decision] of decisions.entries()) {
        const { customerId, costs } = requests[index]!
        if (customerId === 'c') {
          expect(decision).toMatchObject({ kind: 'refused', problem: { code: 'forbidden' } })
          continue
        }
        if (decision.kind === 'refused') throw new Error('refused as a whole')
        for (const [place, cost] of costs.entries()) {
          const row = decision.rows[place]!
          const isFunded = cost <= left.get(customerId)!
          if (isFunded) expect(row.kind).toBe('accept')
          else expect(row).toMatchObject({ kind: 'refused', problem: { code: 'insufficient-balance' } })
          if (isFunded) left.set(customerId, left.get(customerId)! - cost)
        }
      }
      for (const rest of left.values()) expect(rest).toBeGreaterThanOrEqual(0)
    }),
  )
})

const hash = Buffer.from('one')
const claim = { key: 'k', requestHash: hash, rememberedDays: 3 }
const broke = new Map([['a', 0]])
const unfit = new Problem('invalid-time', 'is in the past')
const decideOne = (request: Omit<AcceptRequest, 'customerId'>, given: GivenAnswer, balances = broke) =>
  decideAccept([{ customerId: 'a', ...request }], balances, () => given)[0]

test.each([
  ['the balance is gone', draft(1)],
  ['it is not fit any more', unfit],
])('what was accepted under a key is answered again although %s; another request is refused', (_why, now) => {
  const given = { requestHash: hash, accepted: [{ sms_id: 1 }] }
  const rows = [{ draft: now, claim: null }]
  const replay = { kind: 'replay', response: { sms_id: 1 } }
  expect(decideOne({ claim, rows }, given)).toMatchObject({ rows: [replay] })
  expect(decideOne({ claim: null, rows: [{ draft: now, claim }] }, given)).toMatchObject({ rows: [replay] })
  const other = { ...claim, requestHash: Buffer.from('two') }
  const mismatch = { kind: 'refused', problem: { code: 'idempotency-mismatch' } }
  expect(decideOne({ claim: other, rows }, given)).toMatchObject(mismatch)
  expect(decideOne({ claim: null, rows: [{ draft: now, claim: other }] }, given)).toMatchObject({ rows: [mismatch] })
})

test('of a request that was accepted in part, the rest is decided afresh', () => {
  const given = { requestHash: hash, accepted: [null, { sms_id: 1 }, null] }
  const rows = [draft(2), draft(2), unfit].map((each) => ({ draft: each, claim: null }))
  expect(decideOne({ claim, rows }, given, new Map([['a', 3]]))).toMatchObject({
    isRepeated: true,
    rows: [{ kind: 'accept' }, { kind: 'replay' }, { kind: 'refused', problem: unfit }],
  })
})

test.each([-1, 2 ** 53, Number.NaN, 1.5])('a cost of %d is never charged', (cost) => {
  const request = { customerId: 'a', claim: null, rows: [{ draft: draft(cost), claim: null }] }
  const [decision] = decideAccept([request], new Map([['a', Number.MAX_VALUE]]), () => undefined)
  expect(decision).toMatchObject({ rows: [{ problem: { code: 'insufficient-balance' } }] })
})

test('whatever statuses a message comes to, its money is settled once and the books are even', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...STATUSES), fc.boolean())),
      fc.integer({ min: 1, max: 1_000 }),
      (statuses, cost) => {
        const entries: LedgerEffect[] = [effectOf('top-up', 5_000), effectOf('reserve', cost)]
        let settlement: Settlement = 'reserved'
        for (const [status, taken] of statuses) {
          const entry = settlementBy(status, settlement, taken)
          if (!entry) continue
          entries.push(effectOf(entry, cost))
          settlement = entry === 'capture' ? 'captured' : 'released'
        }
        const balance = entries.reduce((sum, each) => sum + each.balance, 0)
        const reserved = entries.reduce((sum, each) => sum + each.reserved, 0)
        expect(entries.length).toBeLessThanOrEqual(3)
        expect({ balance, reserved }).toEqual({
          balance: settlement === 'released' ? 5_000 : 5_000 - cost,
          reserved: settlement === 'reserved' ? cost : 0,
        })
      },
    ),
  )
})

test('a key without an answer is no replay, its request funds what is left, and the next request has the rest', () => {
  const rows = [{ draft: draft(2), claim: null }]
  const requests = [
    { customerId: 'a', claim, rows },
    { customerId: 'a', claim: null, rows },
  ]
  const balances = new Map([['a', 3]])
  const [first, second] = decideAccept(requests, balances, () => undefined)
  expect(first).toMatchObject({ isRepeated: false, rows: [{ kind: 'accept' }] })
  expect(second).toMatchObject({ isRepeated: false, rows: [{ problem: { code: 'insufficient-balance' } }] })
  expect(balances.get('a')).toBe(3)
})

test('a row under a key whose message was refused then is another request', () => {
  const given = { requestHash: hash, accepted: [null] }
  expect(decideOne({ claim: null, rows: [{ draft: draft(0), claim }] }, given)).toMatchObject({
    rows: [{ kind: 'refused', problem: { code: 'idempotency-mismatch' } }],
  })
})

test('answers are looked up under the customer of the request and the key that came with it', () => {
  const asked: [string, string][] = []
  const rows = [{ draft: draft(0), claim: { ...claim, key: 'own' } }]
  decideAccept([{ customerId: 'a', claim, rows }], broke, (...key) => {
    asked.push(key)
    return undefined
  })
  expect(asked).toEqual([
    ['a', 'k'],
    ['a', 'own'],
  ])
})

test('the key of a scheduled message is remembered for longer than it may be scheduled ahead', () => {
  expect([rememberedDays(false), rememberedDays(true)]).toEqual([3, 33])
})

test('a message that takes all that is left is accepted, and one that costs a unit more is not', () => {
  const decide = (cost: number) =>
    decideAccept(
      [{ customerId: 'a', claim: null, rows: [{ draft: draft(cost), claim: null }] }],
      new Map([['a', 5]]),
      () => undefined,
    )[0]
  expect(decide(5)).toMatchObject({ kind: 'rows', rows: [{ kind: 'accept', draft: { cost: 5 } }] })
  expect(decide(0)).toMatchObject({ kind: 'rows', rows: [{ kind: 'accept' }] })
  expect(decide(6)).toMatchObject({ rows: [{ kind: 'refused' }] })
})

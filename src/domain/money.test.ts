import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DRAFT } from '../../test/servers/sample-message.ts'
import { type AcceptRequest, decideAccept, type MessageDraft } from './accept.ts'
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
        return { customerId, idempotency: null, drafts: costs.map(draft) }
      })
      const balances = new Map([
        ['a', balance],
        ['b', balance],
      ])
      const decisions = decideAccept(asked, balances, () => undefined)
      const left = new Map(balances)
      for (const [index, decision] of decisions.entries()) {
        const { customerId, drafts } = asked[index]!
        if (customerId === 'c') {
          expect(decision).toEqual({ kind: 'unknown-customer' })
          continue
        }
        if (decision.kind !== 'accept') throw new Error(`unexpected ${decision.kind}`)
        for (const [place, { cost }] of drafts.entries()) {
          expect(decision.funded[place]).toBe(cost <= left.get(customerId)!)
          if (decision.funded[place]) left.set(customerId, left.get(customerId)! - cost)
        }
      }
      for (const rest of left.values()) expect(rest).toBeGreaterThanOrEqual(0)
    }),
  )
})

test('a key that was answered is answered again, or refused for another request', () => {
  const hash = Buffer.from('one')
  const given = { requestHash: hash, status: 202, response: { sms_id: 1 } }
  const claim = (requestHash: Buffer): AcceptRequest => {
    return { customerId: 'a', idempotency: { key: 'k', requestHash }, drafts: [draft(1)] }
  }
  const decide = (each: AcceptRequest) => decideAccept([each], new Map([['a', 0]]), () => given)
  expect(decide(claim(Buffer.from('one')))).toEqual([{ kind: 'replay', answer: given }])
  expect(decide(claim(Buffer.from('two')))).toEqual([{ kind: 'mismatch' }])
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

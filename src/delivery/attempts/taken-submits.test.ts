import { expect, test } from 'vitest'
import { statusSubject } from '../../../test/servers/sample-message.ts'
import type { TakenSubmit } from '../receipts/publish-receipts.ts'
import { TakenSubmits } from './taken-submits.ts'

function taken(smsId: number, phone: string, more: Partial<TakenSubmit> = {}): TakenSubmit {
  const of = {
    operator: 'o',
    operatorMessageId: '1001',
    attempt: 1,
    part: null,
    possibleDuplicate: false,
    takenAtMs: 0,
  }
  return { ...statusSubject(smsId), ...of, phone, ...more }
}

const delivered = (...recipients: string[]) => ({ recipients, status: 'delivered', isRepetition: false }) as const

test('several submits with one id are remembered, each until its receipt comes', () => {
  const submits = new TakenSubmits()
  submits.add(taken(1, '+989000000001'))
  submits.add(taken(2, '+989000000002'))
  expect(submits.claim('o', '1001', delivered('989000000002'))).toMatchObject({ smsId: 2 })
  expect(submits.claim('o', '1001', delivered('989000000002'))).toBe('other-recipient')
  expect(submits.claim('p', '1001', delivered('989000000001'))).toBe('none')
  expect(submits.claim('o', '1001', delivered('989000000001'))).toMatchObject({ smsId: 1 })
  expect(submits.claim('o', '1001', delivered('989000000001'))).toBe('none')
})

test('an operator that answers each submit by one id has a thousand of them, the newest, and leaves room for others', () => {
  const submits = new TakenSubmits()
  submits.add(taken(0, '+989000000000', { operatorMessageId: 'other' }))
  const phoneOf = (n: number): string => `98900${1_000_000 + n}`
  for (let n = 1; n <= 3_000; n++) submits.add(taken(n, `+${phoneOf(n)}`))
  expect(submits.claim('o', '1001', delivered(phoneOf(2_000)))).toBe('other-recipient')
  expect(submits.claim('o', '1001', delivered(phoneOf(2_001)))).toMatchObject({ smsId: 2_001 })
  expect(submits.claim('o', 'other', delivered('989000000000'))).toMatchObject({ smsId: 0 })
})

test('a submit of a message with much metadata is left to the tables: customers choose how much memory it would take', () => {
  const submits = new TakenSubmits()
  const { carried } = statusSubject(1)
  const withNote = (units: number): Partial<TakenSubmit> => {
    return { carried: { ...carried, customer_metadata: { a: 'x'.repeat(units - 1) } } }
  }
  submits.add(taken(1, '+989000000001', withNote(256)))
  submits.add(taken(2, '+989000000002', withNote(257)))
  expect(submits.claim('o', '1001', delivered('989000000002'))).toBe('other-recipient')
  expect(submits.claim('o', '1001', delivered('989000000001'))).toMatchObject({ smsId: 1 })
})

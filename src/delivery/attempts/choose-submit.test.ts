import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RECEIPT_STATUSES } from '../../domain/receipts.ts'
import { chooseSubmit, type ReceiptToPlace, type SubmitCandidate } from './choose-submit.ts'

const FIRST = '989000000001'
const SECOND = '989000000002'

function submit(smsId: number, to: string, more: Partial<SubmitCandidate> = {}): SubmitCandidate {
  const fixed = { attempt: 1, part: null, receiptStatus: null, takenAtMs: smsId, isUnderWay: false }
  return { smsId, phone: `+${to}`, ...fixed, ...more }
}

function receipt(recipients: string[], more: Partial<ReceiptToPlace> = {}): ReceiptToPlace {
  return { recipients, status: 'delivered', isRepetition: false, ...more }
}

/** What was chosen, in few words. */
function choose(candidates: readonly SubmitCandidate[], of: ReceiptToPlace): string {
  const choice = chooseSubmit(candidates, of)
  if (!('submit' in choice)) return choice.kind
  const { smsId, part } = choice.submit
  return `${choice.kind} ${smsId}${part === null ? '' : `.${part}`}`
}

test('C3: two open submits with one id are distinguished by the recipient', () => {
  const both = [submit(1, FIRST), submit(2, SECOND)]
  expect(choose(both, receipt([FIRST]))).toBe('open 1')
  expect(choose(both, receipt([SECOND]))).toBe('open 2')
  expect(choose(both, receipt(['989000000003']))).toBe('other-recipient')
  // The sender in the place of the recipient, and the recipient in its place.
  expect(choose(both, receipt(['983000123456', SECOND]))).toBe('open 2')
  expect(choose(both, receipt(['9000000002']))).toBe('open 2')
  expect(choose([], receipt([FIRST]))).toBe('none')
})

test('without a recipient the id alone decides where one message has it; an id that comes again is a new one', () => {
  expect(choose([submit(1, FIRST)], receipt([]))).toBe('open 1')
  expect(choose([submit(1, FIRST), submit(2, SECOND)], receipt([]))).toBe('ambiguous')
  expect(choose([submit(1, FIRST, { receiptStatus: 'delivered' }), submit(2, SECOND)], receipt([]))).toBe('open 2')
  expect(choose([submit(1, FIRST), submit(2, SECOND, { takenAtMs: 90_000_000 })], receipt([]))).toBe('open 2')
})

test('C12: parts that share an id are counted one by one, and a sure repetition is not', () => {
  const parts = (statuses: SubmitCandidate['receiptStatus'][], isUnderWay = false) =>
    statuses.map((receiptStatus, index) => submit(1, FIRST, { part: index + 1, receiptStatus, isUnderWay }))
  expect(choose(parts([null, null, null]), receipt([FIRST]))).toBe('open 1.1')
  expect(choose(parts(['delivered', null, null]), receipt([FIRST]))).toBe('open 1.2')
  expect(choose(parts(['delivered', null, null]), receipt([FIRST], { isRepetition: true }))).toBe('closed 1.1')
  expect(choose(parts([null, null, null]), receipt([FIRST], { isRepetition: true }))).toBe('open 1.1')
  expect(choose(parts(['delivered', 'delivered', 'delivered']), receipt([FIRST]))).toBe('closed 1.1')
  // The answer of the second part is still being written.
  expect(choose(parts(['delivered'], true), receipt([FIRST]))).toBe('none')
})

test('one that has a receipt is chosen when none is open; `unknown` gives way', () => {
  const ended = submit(1, FIRST, { receiptStatus: 'failed' })
  expect(choose([ended], receipt([FIRST]))).toBe('closed 1')
  expect(choose([submit(1, FIRST, { receiptStatus: 'unknown' })], receipt([FIRST]))).toBe('open 1')
  expect(choose([submit(1, FIRST, { receiptStatus: 'unknown' }), submit(2, FIRST)], receipt([FIRST]))).toBe('open 2')
})

test('a receipt never goes to another phone, and never closes what is closed while one is open', () => {
  const candidate = fc.record({
    smsId: fc.integer({ min: 1, max: 5 }),
    to: fc.constantFrom(FIRST, SECOND),
    receiptStatus: fc.option(fc.constantFrom(...RECEIPT_STATUSES)),
  })
  fc.assert(
    fc.property(
      fc.array(candidate),
      fc.constantFrom(FIRST, SECOND),
      fc.constantFrom(...RECEIPT_STATUSES),
      (all, to, status) => {
        const candidates = all.map(({ smsId, to: of, receiptStatus }) => submit(smsId, of, { receiptStatus }))
        const choice = chooseSubmit(candidates, receipt([to], { status }))
        if (!('submit' in choice)) return
        expect(choice.submit.phone).toBe(`+${to}`)
        const hasOpen = candidates.some(({ phone, receiptStatus }) => phone === `+${to}` && receiptStatus === null)
        if (hasOpen) expect(choice.submit.receiptStatus).toBeNull()
      },
    ),
  )
})

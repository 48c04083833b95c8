import { expect, test } from 'vitest'
import { accountForOdd, type Counter } from './account-for-odd.ts'
import type { PeersReport } from './odd-peers.ts'

const COUNTS: Record<string, number> = {
  'smsgw_smpp_deliveries_total odd-receipts receipt': 3,
  'smsgw_smpp_deliveries_total odd-receipts unreadable': 1,
  'smsgw_smpp_deliveries_total odd-receipts message': 1,
  'smsgw_receipts_total odd-receipts matched': 1,
  'smsgw_receipts_total odd-receipts early': 2,
  'smsgw_callbacks_total odd-callbacks 200': 2,
  'smsgw_http_deliveries_total odd-callbacks receipt': 1,
  'smsgw_http_deliveries_total odd-callbacks unreadable': 1,
  'smsgw_receipts_total odd-callbacks repeated': 1,
}

/** A gateway whose counters have these values, but for one. */
function counterOf(changed: Record<string, number> = {}): Counter {
  const counts = Object.entries({ ...COUNTS, ...changed })
  return (metric, labels) => {
    const wanted = [metric, ...Object.values(labels)]
    return counts.reduce(
      (sum, [name, count]) => sum + (wanted.every((w) => name.split(' ').includes(w)) ? count : 0),
      0,
    )
  }
}

const REPORT: PeersReport = {
  answers: [
    ['1.1', 'silence', ['ambiguous']],
    ['1.2', 'an id', ['sent']],
    ['2.1', 'an id', ['sent']],
  ],
  receiptsSent: 6,
  receipts: { 'as agreed': { ESME_ROK: 1 }, 'any text, whole': { ESME_ROK: 4, ESME_RINVMSGLEN: 1 } },
  callbacksSent: 2,
  callbacks: { 'as agreed': { 200: 1 }, JSON: { 200: 1 } },
}
const ATTEMPTS = [
  { sms_id: 1, attempt: 1, outcome: 'ambiguous' },
  { sms_id: 1, attempt: 2, outcome: 'sent' },
  { sms_id: 2, attempt: 1, outcome: 'ambiguous' },
]

test('what the gateway recorded and counted accounts for each odd item, by its name', () => {
  const account = accountForOdd(REPORT, ATTEMPTS, counterOf())
  expect(account).toMatchObject({ items: 3 + 5 + 1, unaccounted: 0 })
  expect(account.answers).toEqual([
    { name: 'an id', given: 2, outcomes: { sent: 1, ambiguous: 1 }, unaccounted: 0 },
    { name: 'silence', given: 1, outcomes: { ambiguous: 1 }, unaccounted: 0 },
  ])
  expect(account.receipts).toMatchObject({ sent: 6, odd: 5, handled: { refused: 1, matched: 1, early: 2 } })
})

test.each<[string, Partial<PeersReport>, typeof ATTEMPTS, Record<string, number>]>([
  ['an attempt that is not recorded', {}, ATTEMPTS.slice(1), {}],
  ['an outcome that the answer cannot mean', {}, [...ATTEMPTS, { sms_id: 1, attempt: 1, outcome: 'sent' }], {}],
  ['a receipt that was not answered', { receiptsSent: 7 }, ATTEMPTS, {}],
  ['a receipt that was not counted', {}, ATTEMPTS, { 'smsgw_smpp_deliveries_total odd-receipts message': 0 }],
  ['a receipt of which nothing came', {}, ATTEMPTS, { 'smsgw_receipts_total odd-receipts early': 1 }],
  ['a callback without an answer', { callbacksSent: 3 }, ATTEMPTS, {}],
  ['a callback whose connection ended', { callbacks: { JSON: { 200: 1, none: 1 } } }, ATTEMPTS, {}],
])('%s is not accounted for', (_what, changes, attempts, counts) => {
  expect(accountForOdd({ ...REPORT, ...changes }, attempts, counterOf(counts)).unaccounted).toBeGreaterThan(0)
})

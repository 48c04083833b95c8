import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PROBLEMS, Problem } from '../domain/errors.ts'
import { type DraftRules, draftMessage } from './message-request.ts'

const RULES: DraftRules = {
  route: ({ phone, sender }) => {
    if (!phone.startsWith('+98')) throw new Problem('no-route', 'none')
    return { operator: 'mci', price: 120, sender, why: 'mci: prefix 98', mccMnc: '432-11' }
  },
  segmentsMax: 3,
  expressAllowed: true,
  sendAheadDaysMax: 30,
}

test('a message is checked, routed and priced by segment', () => {
  const draft = draftMessage({ to: '0098 912 123 4567', text: 'a'.repeat(200), valid_for: 60 }, RULES, 1_000)
  expect(draft).toMatchObject({
    phone: '+989121234567',
    segments: 2,
    cost: 240,
    operator: 'mci',
    route: 'mci: prefix 98',
    mccMnc: '432-11',
    priority: 1,
    validUntilMs: 61_000,
  })
})

test.each([
  [{ to: '12', text: 'x' }, 'invalid-phone'],
  [{ to: '+989121234567', text: '' }, 'invalid-text'],
  [{ to: '+989121234567', text: 'a'.repeat(1_000) }, 'invalid-text'],
  [{ to: '+491701234567', text: 'x' }, 'no-route'],
])('%j is refused as %s', (request, code) => {
  expect(() => draftMessage(request, RULES, 0)).toThrow(expect.objectContaining({ code }))
})

test('docs/errors.md describes every problem, with its status, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')
  const described = [...text.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ])
  expect(Object.fromEntries(described)).toEqual(
    Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status])),
  )
})

import { expect, test } from 'vitest'
import { CONNECTORS } from '../../delivery/connectors/connectors.ts'
import type { DeclaredOperators } from '../../operators/operators-file.ts'
import { parseOperators } from '../../operators/operators-file.ts'
import { compareOperators, describeOperatorsChange } from './compare-operators.ts'

const OPERATOR = 'connector: smpp, window: 5, response_timeout_ms: 1000, on_ambiguous: hold'

function declared(source: string): DeclaredOperators {
  return parseOperators(source, 'test', CONNECTORS)
}

function lines(from: DeclaredOperators | null, to: DeclaredOperators): string[] {
  return compareOperators(from, to).map(describeOperatorsChange)
}

const BEFORE = declared(`
operators:
  mci: {${OPERATOR}, smpp: {address: "10.0.0.5:2775", system_id: x}, senders: {default: "2000"}}
  old: {${OPERATOR}, smpp: {address: embedded, system_id: x}}
networks: {"262-01": ["49151"]}
routes:
  - {prefix: "", operator: mci, price: 1}
  - {prefix: "", operator: old, price: 2}
  - {customer: acme, mcc_mnc: [432-11, 432-35], to: [{operator: mci, weight: 2}], price: 3}
`)

test('differences are listed operator by operator, network by network, route by route', () => {
  const after = declared(`
# A comment changes nothing.
operators:
  mci: {${OPERATOR}, smpp: {address: "10.0.0.6:2775", system_id: x}, senders: {default: "3000"}, per_second: 10}
  new: {${OPERATOR}, smpp: {address: embedded, system_id: x}}
routes:
  - {customer: acme, mcc_mnc: [432-11, 432-35], to: [{operator: mci, weight: 3}], price: 3}
  - {prefix: "", operator: new, price: 1}
`)
  expect(lines(BEFORE, after)).toEqual([
    '~ operator mci: smpp.address "10.0.0.5:2775" → "10.0.0.6:2775", senders.default "2000" → "3000", per_second (none) → 10',
    '- operator old',
    '+ operator new: connector "smpp", window 5, response_timeout_ms 1000, on_ambiguous "hold", smpp.address "embedded", smpp.system_id "x"',
    '- network 262-01',
    '~ route prefix "": operator "mci" → "new"',
    '- route prefix "" (2)',
    '~ route customer acme, mcc_mnc 432-11 or 432-35: to [{"operator":"mci","weight":2}] → [{"operator":"mci","weight":3}]',
  ])
  expect(compareOperators(after, after)).toEqual([])
})

test('the first revision adds all', () => {
  expect(lines(null, BEFORE).map((line) => line.slice(0, 9))).toEqual([
    '+ operato',
    '+ operato',
    '+ network',
    ...Array(3).fill('+ route p').with(2, '+ route c'),
  ])
})

test('secrets are never shown, nor passwords and queries of addresses; where they are kept is', () => {
  const http = {
    url: 'https://me:hush@sms.example/send?key=hush',
    api_key: 'hush',
    password: 'hush',
    password_env: 'MCI',
  }
  const secret = { ...BEFORE, operators: { mci: { connector: 'http', http } } } as unknown as DeclaredOperators
  const shown = lines(BEFORE, secret).join('\n')
  expect(shown).not.toContain('hush')
  expect(shown).toContain('http.password_env (none) → "MCI"')
  expect(shown).toContain('"https://…@sms.example/send?…"')
})

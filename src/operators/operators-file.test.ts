import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONNECTORS } from '../delivery/connectors/connectors.ts'
import { countryOf } from './country-of.ts'
import { receiptTimeoutMs, resendRules } from './operator-schema.ts'
import { OperatorSetup } from './operator-setup.ts'
import { parseOperators } from './operators-file.ts'

const OPERATOR =
  'connector: smpp, smpp: {address: embedded, system_id: x}, window: 5, response_timeout_ms: 1000, on_ambiguous: hold'
const OPERATORS = `operators:
  mci: {${OPERATOR}}
  irancell: {${OPERATOR}, senders: {allow: ["3000*"], replace: "30001"}}
  world: {${OPERATOR}}
`

function setupOf(routes: string): OperatorSetup {
  return new OperatorSetup(1, parseOperators(`${OPERATORS}${routes}`, 'f.yaml', CONNECTORS))
}

const MESSAGE = { sender: null, customerId: 'c', priority: 1, network: null }

function firstOf(setup: OperatorSetup, phone: string, mccMnc?: string) {
  const network = mccMnc === undefined ? null : { mccMnc, known: 'as given' }
  const ranking = setup.rank({ ...MESSAGE, phone, network })
  return ranking.kind === 'ranked' ? ranking.candidates[0] : ranking.kind
}

test('the file that comes with the gateway is valid, in its short form', () => {
  const path = join(import.meta.dirname, '../../config/operators.yaml')
  const setup = new OperatorSetup(1, parseOperators(readFileSync(path, 'utf8'), path, CONNECTORS))
  expect(firstOf(setup, '+989121234567')).toMatchObject({ operator: 'simulator', price: 100 })
})

test('the file that docs/operators/routing.md shows is valid, and does what it says', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operators/routing.md'), 'utf8')
  const [, source] = /```yaml\n([\s\S]*?)```/.exec(text)!
  const setup = new OperatorSetup(1, parseOperators(source!, 'routing.md', CONNECTORS))
  const acme = { phone: '+989121234567', customerId: 'acme', sender: 'ACME1', priority: 1, network: null }
  expect(setup.rank(acme)).toMatchObject({ candidates: [{ operator: 'mci', price: 90, sender: '20001' }] })
  expect(firstOf(setup, '+436601234567')).toMatchObject({ operator: 'world', price: 500 })
})

test('networks of Iran, others by country, a ported number by what is known of it', () => {
  const setup = setupOf(`
networks: {"262-01": ["49151", "49160"]}
routes:
  - {mcc_mnc: 432-11, operator: mci, price: 10}
  - {mcc_mnc: [432-35, 432-20], to: [{operator: irancell, price: 12}], failover: [mci]}
  - {mcc_mnc: 262-01, operator: mci, price: 50}
  - {country: [DE, KZ, CA], operator: world, price: 90}
`)
  expect(firstOf(setup, '+989121234567')).toMatchObject({
    operator: 'mci',
    price: 10,
    why: 'mci: 432-11 by prefix 9891',
  })
  expect(firstOf(setup, '+989921234567')).toMatchObject({ operator: 'mci' })
  expect(firstOf(setup, '+989351234567')).toMatchObject({ operator: 'irancell', price: 12, sender: '30001' })
  expect(firstOf(setup, '+989211234567')).toMatchObject({ why: 'irancell: 432-20 by prefix 98921, from 30001' })
  expect(firstOf(setup, '+989121234567', '432-35')).toMatchObject({ why: 'irancell: 432-35 as given, from 30001' })
  expect(firstOf(setup, '+4915112345678')).toMatchObject({ operator: 'mci', price: 50 })
  expect(firstOf(setup, '+4917012345678')).toMatchObject({ operator: 'world', why: 'world: country DE or KZ or CA' })
  expect(firstOf(setup, '+77011234567')).toMatchObject({ operator: 'world' })
  expect(firstOf(setup, '+14165550123')).toMatchObject({ operator: 'world' })
  expect(firstOf(setup, '+12025550123')).toBe('no-route')
})

test('a message goes first to the operator that it was accepted for, as long as there is one', () => {
  const setup = setupOf('routes: [{prefix: "", operator: mci, price: 1, failover: [world]}]')
  const names = (operator: string): string[] =>
    setup.rankAccepted({ ...MESSAGE, phone: '+989121234567' }, operator).map((each) => each.operator)
  expect(names('mci')).toEqual(['mci', 'world'])
  expect(names('world')).toEqual(['world', 'mci'])
  expect(names('irancell')).toEqual(['irancell', 'mci', 'world'])
  expect(names('gone')).toEqual(['mci', 'world'])
  const renamed = setupOf('routes: [{prefix: "", operator: mci, price: 1, senders: {replace: "2000"}}]')
  const [first] = renamed.rankAccepted({ ...MESSAGE, phone: '+989121234567', sender: 'Acme' }, 'world')
  expect(first).toMatchObject({ operator: 'world', sender: '2000' })
})

test('the country of a number, also where several share a calling code', () => {
  const numbers = ['+989121234567', '+491701234567', '+12025550123', '+14165550123', '+77011234567', '+79161234567']
  expect(numbers.map(countryOf)).toEqual(['IR', 'DE', 'US', 'CA', 'KZ', 'RU'])
  expect(countryOf('+99999999999')).toBeNull()
})

test('every file that is taken routes to operators that it has', () => {
  const name = fc.constantFrom('mci', 'irancell', 'mci', 'irancell', 'gone')
  const target = fc.record({ operator: name, weight: fc.integer({ min: 1, max: 3 }), price: fc.nat(9) })
  const way = fc.oneof(
    fc.record({ operator: name }),
    fc.record({ to: fc.uniqueArray(target, { selector: ({ operator }) => operator, minLength: 1, maxLength: 2 }) }),
  )
  const rest = fc.record(
    {
      prefix: fc.constantFrom('', '98', '98912'),
      price: fc.nat(9),
      failover: fc.constantFrom(['irancell'], ['world']),
    },
    { requiredKeys: ['prefix', 'price'] },
  )
  const route = fc.tuple(rest, way).map(([common, to]) => ({ ...common, ...to }))
  let taken = 0
  fc.assert(
    fc.property(fc.array(route, { minLength: 1, maxLength: 2 }), (routes) => {
      let setup: OperatorSetup
      try {
        setup = setupOf(`routes: ${JSON.stringify(routes)}`)
      } catch (error) {
        expect((error as Error).message).toMatch(/^f\.yaml:\d+: /)
        return
      }
      taken++
      const ranking = setup.rank({ ...MESSAGE, phone: '+989121234567' })
      if (ranking.kind !== 'ranked') return
      for (const { operator, price } of ranking.candidates) {
        expect(setup.operators.has(operator)).toBe(true)
        expect(price).toBeGreaterThanOrEqual(0)
      }
    }),
    { numRuns: 200 },
  )
  expect(taken).toBeGreaterThan(10)
})

test.each([
  [
    'routes: [{prefix: "", operator: missing, price: 1}]',
    /^f\.yaml:5: \/routes\/0\/operator there is no operator "missing"/,
  ],
  ['routes:\n- {prefix: "", operator: mci}', /^f\.yaml:6: \/routes\/0 has no price/],
  ['routes: [{operator: mci, price: 1}]', /needs `prefix`, `mcc_mnc` or `country`/],
  ['routes: [{prefix: "", operator: mci, to: [{operator: mci}], price: 1}]', /needs `operator` or `to`, not both/],
  ['routes: [{prefix: "", operator: mci, failover: [mci], price: 1}]', /failover\/0 has "mci" a second time/],
  ['routes: [{prefix: "", to: [{operator: mci, weight: 0}], price: 1}]', /has no weight above 0/],
  ['routes: [{prefix: "98x", operator: mci, price: 1}]', /^f\.yaml:5: \/routes\/0\/prefix/],
  ['routes: [{prefix: "", operator: mci, price: 1, prise: 2}]', /^f\.yaml:5: \/routes\/0\/prise is not a known field/],
  ['  odd: {connector: pigeon}\nroutes: []', /^f\.yaml:5: \/operators\/odd\/connector/],
  [
    '  odd: {connector: smpp, address: x}\nroutes: [{prefix: "", operator: mci, price: 1}]',
    /^f\.yaml:5: \/operators\/odd/,
  ],
  ['routes: [{prefix: "", operator: mci, price: 1, senders: {allow: ["*"], replace: x}}]', /replaces nothing/],
  [
    'routes: [{prefix: "", operator: mci, price: 1, senders: {default: y, replace: x}}]',
    /^f\.yaml:5: \/routes\/0\/senders\/default is not needed/,
  ],
  [
    `  odd: {${OPERATOR}, senders: {allow: ["*"], replace: x}}\nroutes: [{prefix: "", operator: mci, price: 1}]`,
    /^f\.yaml:5: \/operators\/odd\/senders\/replace replaces nothing/,
  ],
  ['networks: {"43211": ["98"]}\nroutes: [{prefix: "", operator: mci, price: 1}]', /^f\.yaml:5: \/networks/],
  ['networks: {432-11: []}\nroutes: [{prefix: "", operator: mci, price: 1}]', /^f\.yaml:5: \/networks\/432-11/],
  ['networks: {432-11: ["098"]}\nroutes: [{prefix: "", operator: mci, price: 1}]', /^f\.yaml:5: \/networks\/432-11\/0/],
  ['routes: []', /^f\.yaml:5: \/routes/],
  ['routes: [{prefix: "", operator: mci, price: 1}]\nmore: 1', /^f\.yaml:6: \/more is not a known field/],
])('%# a fault is named with its line', (rest, message) => {
  expect(() => setupOf(rest)).toThrow(message)
})

test('senders that are put where others are not allowed, or where none is given, are taken', () => {
  for (const senders of [
    '{allow: ["20*"], replace: x}',
    '{allow: ["20*"], default: y, replace: x}',
    '{replace: x}',
    '{default: y}',
  ])
    expect(setupOf(`routes: [{prefix: "", operator: mci, price: 1, senders: ${senders}}]`).operators.size).toBe(3)
})

test('how often a submit is made again, and how long a receipt may take, where the file does not say it', () => {
  expect(resendRules({})).toEqual({ max: 3, msFirst: 10_000 })
  expect(resendRules({ resends_max: 1, resend_ms_first: 100 })).toEqual({ max: 1, msFirst: 100 })
  expect([receiptTimeoutMs(undefined), receiptTimeoutMs({}), receiptTimeoutMs({ receipt_timeout_ms: 1_000 })]).toEqual([
    ...[259_200_000, 259_200_000, 1_000],
  ])
})

const ROUTES = 'routes: [{prefix: "", operator: odd, price: 1}]'

test.each([
  ['url', 'request: {url: "https://"}, answer: {id: /id}', /^f\.yaml:6: \/operators\/odd\/http\/request\/url is not/],
  ['no answer', 'request: {url: "https://x.example"}', /^f\.yaml:6: \/operators\/odd\/http /],
  [
    'an id that is no place',
    'use: magfa, secrets: {user: {env: U}, password: {env: P}}, answer: {id: 5}',
    /http\/answer\/id/,
  ],
  [
    'a secret that is not named',
    'use: magfa, secrets: {user: {env: U}}',
    /`{secret.password}`, and `secrets` has no `password`/,
  ],
  [
    'a token without a secret',
    'use: kavenegar, secrets: {api_key: {env: K}}',
    /http\/receipts\/push\/token\/secret `secrets` has no `token`/,
  ],
  [
    'a callback without an address',
    'use: infobip, secrets: {api_key: {env: K}, token: {env: T}}',
    /push\/public_url is missing/,
  ],
  [
    'a name that there is not',
    'request: {url: "https://x.example", form: {t: "{txt}"}}, answer: {id: /id}',
    /`{txt}`, and there is no such/,
  ],
  [
    'a network that is none',
    'request: {url: "https://x.example"}, answer: {id: /id}, receipts: {push: {id: /i, status: /s, statuses: {}, addresses: [10.0.0.0/33]}}',
    /addresses\/0 is no address/,
  ],
  [
    'callers unchecked',
    'request: {url: "https://x.example"}, answer: {id: /id}, receipts: {push: {id: /i, status: /s, statuses: {}}}',
    /anyone could call/,
  ],
  [
    'codes from nowhere',
    'request: {url: "https://x.example"}, answer: {id: /id}, errors: {otherwise: rejected}',
    /where a code is/,
  ],
  [
    'asking for what is not given',
    'use: magfa, secrets: {user: {env: U}, password: {env: P}}, receipts: {poll: {request: {url: "https://x.example/{text}"}}}',
    /poll\/request names `{text}`/,
  ],
  [
    'a login in an address',
    'request: {url: "https://me:secret@x.example"}, answer: {id: /id}',
    /request\/url has a login, .* use `basic`/,
  ],
  [
    'a header that is none',
    'request: {url: "https://x.example", headers: {"x y": a}}, answer: {id: /id}',
    /headers\/x y is no name of a header/,
  ],
  [
    'a header of the connection',
    'request: {url: "https://x.example", headers: {Transfer-Encoding: chunked}}, answer: {id: /id}',
    /is set by the connection itself/,
  ],
  [
    'a header that cannot be written',
    'request: {url: "https://x.example", headers: {x-sender: "شرکت {from}"}}, answer: {id: /id}',
    /a character that a header cannot carry/,
  ],
  [
    'a meaning that is none of an answer without an id',
    'request: {url: "https://x.example"}, answer: {id: /id, without_id: perhaps}',
    /answer\/without_id/,
  ],
])('an HTTP operator with a fault (%s) is refused with its line', (_what, http, message) => {
  const source = `  odd:\n    {connector: http, http: {${http}}, window: 5, response_timeout_ms: 1000, on_ambiguous: hold}\n${ROUTES}`
  expect(() => setupOf(source)).toThrow(message)
})

test('the operators that docs/operators/http.md shows are whole', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operators/http.md'), 'utf8')
  const shown = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, source]) => source!)
  const routes = 'routes: [{prefix: "", operator: kavenegar, failover: [of-our-own], price: 1}]'
  const { operators } = parseOperators(`${shown[0]}${routes}`, 'http.md', CONNECTORS)
  expect(Object.keys(operators)).toEqual(['kavenegar', 'of-our-own'])
  expect(shown).toHaveLength(1)
})

test('the operator that docs/operators/smpp.md shows is whole', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operators/smpp.md'), 'utf8')
  const [, source] = /```yaml\n([\s\S]*?)```/.exec(text)!
  const { operators } = parseOperators(
    `${source}routes: [{prefix: "", operator: mci, price: 1}]`,
    'smpp.md',
    CONNECTORS,
  )
  expect(operators.mci).toMatchObject({ connector: 'smpp', window: 100 })
})

test.each([
  ['no operator', 'operators: {}', /^f\.yaml:1: \/operators /],
  ['a name that is none', `operators:\n  MCI: {${OPERATOR}}`, /^f\.yaml:2: \/operators\/MCI is not a known field/],
])('a file with %s is refused', (_, operators, message) => {
  const source = `${operators}\nroutes: [{prefix: "", operator: mci, price: 1}]`
  expect(() => parseOperators(source, 'f.yaml', CONNECTORS)).toThrow(message)
})

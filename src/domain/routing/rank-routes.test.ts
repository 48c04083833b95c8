import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRoutes, type Route, type RoutedMessage, rankRoutes } from './rank-routes.ts'
import type { RouteMatch } from './route-index.ts'

const MESSAGE: RoutedMessage = {
  phone: '+989121234567',
  network: { mccMnc: '432-11', known: 'by prefix 9891' },
  country: 'IR',
  sender: 'Acme',
  customerId: 'acme',
  priority: 1,
}

function route(match: RouteMatch, operator: string, changes: Partial<Route> = {}): Route {
  return { match, to: [{ operator, weight: 1, price: 100 }], failover: [], senders: null, ...changes }
}

function operatorsFor(routes: readonly Route[], message: Partial<RoutedMessage> = {}): string[] {
  const ranking = rankRoutes(compileRoutes(routes), { ...MESSAGE, ...message })
  return ranking.kind === 'ranked' ? ranking.candidates.map(({ operator }) => operator) : [ranking.kind]
}

function firstWhy(routes: readonly Route[], message: Partial<RoutedMessage> = {}): string {
  const ranking = rankRoutes(compileRoutes(routes), { ...MESSAGE, ...message })
  return ranking.kind === 'ranked' ? ranking.candidates[0].why : ranking.kind
}

test('the longest prefix decides, whatever the order in the file', () => {
  const digits = fc.string({ unit: fc.constantFrom('1', '2'), maxLength: 6 })
  fc.assert(
    fc.property(
      fc.array(digits, { minLength: 1 }),
      fc.string({ unit: fc.constantFrom('1', '2'), minLength: 7, maxLength: 9 }),
      (prefixes, phone) => {
        const routes = prefixes.map((prefix) => route({ prefixes: [prefix] }, `via-${prefix}`))
        const fitting = prefixes.filter((prefix) => phone.startsWith(prefix)).sort((a, b) => b.length - a.length)
        const expected = fitting.length === 0 ? 'no-route' : `via-${fitting[0]}`
        expect(operatorsFor(routes, { phone: `+${phone}`, network: null })).toEqual([expected])
      },
    ),
  )
})

test('the more is named, and the closer to the customer, the earlier a route comes', () => {
  const inOrder: [RouteMatch, string][] = [
    [{ customers: ['acme'], senders: ['Ac*'], prefixes: [''] }, 'customer-sender'],
    [{ customers: ['acme', 'other'], prefixes: [''] }, 'customer'],
    [{ senders: ['Acme'], prefixes: [''] }, 'sender'],
    [{ priorities: [0, 1], prefixes: [''] }, 'priority'],
    [{ mccMncs: ['432-11'], prefixes: ['9891'] }, 'network-prefix'],
    [{ mccMncs: ['432-11'] }, 'network'],
    [{ prefixes: ['98912'] }, 'prefix'],
    [{ prefixes: ['98'], countries: ['IR'] }, 'prefix-country'],
    [{ prefixes: ['98'] }, 'short-prefix'],
    [{ countries: ['IR'] }, 'country'],
    [{ prefixes: [''] }, 'first-in-the-file'],
    [{ prefixes: [''] }, 'second-in-the-file'],
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(inOrder, { minLength: 1 }), (some) => {
      const best = inOrder.find((each) => some.includes(each))!
      const isTie = some.some(([, name]) => name.endsWith('-in-the-file')) && best[1].endsWith('-in-the-file')
      const expected = isTie ? some.find(([, name]) => name.endsWith('-in-the-file'))![1] : best[1]
      expect(operatorsFor(some.map(([match, name]) => route(match, name)))).toEqual([expected])
    }),
  )
})

test.each([
  [{ customers: ['other'] }],
  [{ senders: ['acme'] }],
  [{ priorities: [3] }],
  [{ mccMncs: ['432-35'] }],
  [{ mccMncs: ['432-11'], prefixes: ['98913'] }],
  [{ prefixes: ['97'] }],
  [{ countries: ['DE'] }],
  [{ countries: ['DE'], prefixes: ['98'] }],
])('a route for %j is not for others', (match) => {
  expect(operatorsFor([route(match, 'x')])).toEqual(['no-route'])
})

test('weights hold over many numbers, the same number has the same order, and failover follows in its order', () => {
  const to = [70, 20, 10].map((weight) => ({ operator: `w${weight}`, weight, price: weight }))
  const routes = [route({ prefixes: ['98'] }, '', { to, failover: ['spare', 'last'] })]
  const compiled = compileRoutes(routes)
  const count = 5_000
  const first: Record<string, number> = {}
  // Compared by hand: an assertion for each of so many numbers would take most of the time.
  const wrong: string[] = []
  for (let n = 0; n < count; n++) {
    const message = { ...MESSAGE, phone: `+98912${String(n).padStart(7, '0')}` }
    const [operators, again] = [rankRoutes(compiled, message), rankRoutes(compiled, message)].map((ranking) =>
      ranking.kind === 'ranked' ? ranking.candidates.map(({ operator }) => operator) : [ranking.kind],
    )
    const weighted = operators!.slice(0, 3).sort().join(' ')
    const isRight = weighted === 'w10 w20 w70' && operators!.slice(3).join(' ') === 'spare last'
    if (!isRight || operators!.join() !== again!.join()) wrong.push(`${message.phone}: ${operators}, ${again}`)
    first[operators![0]!] = (first[operators![0]!] ?? 0) + 1
  }
  expect(wrong).toEqual([])
  // Five times the standard deviation of a share of 0.7 over so many numbers.
  const tolerance = 5 * Math.sqrt((0.7 * 0.3) / count)
  for (const weight of [70, 20, 10])
    expect(Math.abs(first[`w${weight}`]! / count - weight / 100)).toBeLessThan(tolerance)
})

test('when an operator is removed, the numbers of the others stay where they are', () => {
  const to = ['a', 'b', 'c'].map((operator) => ({ operator, weight: 1, price: 1 }))
  const all = [route({ prefixes: [''] }, '', { to })]
  const rest = [route({ prefixes: [''] }, '', { to: to.slice(0, 2) })]
  for (let n = 0; n < 1_000; n++) {
    const phone = `+98935${1_000_000 + n}`
    const [before] = operatorsFor(all, { phone })
    if (before !== 'c') expect(operatorsFor(rest, { phone })[0]).toBe(before)
  }
})

test('a weight of 0 comes after all others', () => {
  const to = [
    { operator: 'idle', weight: 0, price: 1 },
    { operator: 'busy', weight: 1, price: 1 },
  ]
  for (let n = 0; n < 100; n++) {
    const phone = `+98935${1_000_000 + n}`
    expect(operatorsFor([route({ prefixes: [''] }, '', { to })], { phone })).toEqual(['busy', 'idle'])
  }
})

test('why a route was taken is said in a sentence', () => {
  const to = [
    { operator: 'mci', weight: 70, price: 1 },
    { operator: 'spare', weight: 0, price: 1 },
  ]
  expect(firstWhy([route({ mccMncs: ['432-11'] }, '', { to })])).toBe('mci: 432-11 by prefix 9891, weight 70 of 70')
  expect(firstWhy([route({ prefixes: [''] }, 'any')])).toBe('any: every number')
  const match = { customers: ['acme'], senders: ['Ac*', 'Bc'], priorities: [1], prefixes: ['98'], countries: ['IR'] }
  expect(firstWhy([route(match, 'x', { senders: { replace: '2000' } })])).toBe(
    'x: customer acme, sender Ac* or Bc, priority 1, prefix 98, country IR, from 2000',
  )
})

test('senders: the route decides first, then each operator, and one that does not take it is left out', () => {
  const both = ['strict', 'open'].map((operator) => ({ operator, weight: 1, price: 1 }))
  const senders = new Map([
    ['strict', { allow: ['2000*'], default: '20001' }],
    ['swap', { allow: ['3000'], replace: '3000' }],
  ])
  const rank = (of: Partial<Route>, sender: string | null) => {
    const routes = compileRoutes([route({ prefixes: [''] }, '', { to: both, failover: ['swap'], ...of })], senders)
    const ranking = rankRoutes(routes, { ...MESSAGE, sender })
    if (ranking.kind !== 'ranked') return ranking.kind
    return Object.fromEntries(ranking.candidates.map(({ operator, sender: used }) => [operator, used]))
  }
  expect(rank({}, 'Acme')).toEqual({ open: 'Acme', swap: '3000' })
  expect(rank({}, '20005')).toEqual({ strict: '20005', open: '20005', swap: '3000' })
  expect(rank({}, null)).toEqual({ strict: '20001', open: null, swap: '3000' })
  expect(rank({ senders: { allow: ['Bcme'] } }, 'Acme')).toBe('sender-refused')
  expect(rank({ senders: { replace: '20007' } }, 'Acme')).toEqual({ strict: '20007', open: '20007', swap: '3000' })
  expect(rank({ to: both.slice(0, 1), failover: [] }, 'Acme')).toBe('sender-refused')
})

test('a refused sender names what refused it: the route, or its operators', () => {
  const senders = new Map([
    ['a', { allow: ['x'] }],
    ['b', { allow: ['y'] }],
  ])
  const refusedBy = (of: Partial<Route>) => {
    const to = ['a', 'b'].map((operator) => ({ operator, weight: 1, price: 1 }))
    return rankRoutes(compileRoutes([route({ prefixes: ['98'] }, '', { to, ...of })], senders), MESSAGE)
  }
  expect(refusedBy({})).toEqual({ kind: 'sender-refused', by: 'a and b' })
  expect(refusedBy({ senders: { allow: ['z'] } })).toEqual({ kind: 'sender-refused', by: 'the route prefix 98' })
})

test('the sender rule of the route is reported beside that of each operator', () => {
  const senders = new Map([['b', { replace: '3000' }]])
  const to = [{ operator: 'a', weight: 1, price: 7 }]
  const routes = [route({ prefixes: ['98'] }, '', { to, failover: ['b', 'c'], senders: { default: '2000' } })]
  expect(rankRoutes(compileRoutes(routes, senders), { ...MESSAGE, sender: null })).toEqual({
    kind: 'ranked',
    sender: '2000',
    candidates: [
      { operator: 'a', price: 7, sender: '2000', why: 'a: prefix 98, from 2000' },
      { operator: 'b', price: 7, sender: '3000', why: 'b: prefix 98, failover 1, from 3000' },
      { operator: 'c', price: 7, sender: '2000', why: 'c: prefix 98, failover 2, from 2000' },
    ],
  })
  expect(firstWhy([route({ priorities: [1, 2], prefixes: [''] }, 'x')])).toBe('x: priority 1 or 2')
})

test('networks and countries are asked for only where some route names one', () => {
  const needs = (...matches: RouteMatch[]) => {
    const { needsNetwork, needsCountry } = compileRoutes(matches.map((match) => route(match, 'x')))
    return [needsNetwork, needsCountry]
  }
  expect(needs({ prefixes: [''] })).toEqual([false, false])
  expect(needs({ prefixes: [''] }, { mccMncs: ['432-11'] })).toEqual([true, false])
  expect(needs({ countries: ['IR'] }, { prefixes: [''] })).toEqual([false, true])
})

test('a number of no known network or country takes the routes that name none, and a message without a sender likewise', () => {
  const routes = [
    route({ mccMncs: ['432-11'] }, 'network'),
    route({ countries: ['IR'] }, 'country'),
    route({ countries: ['IR'], prefixes: ['98'] }, 'prefix-country'),
    route({ senders: ['*'], prefixes: [''] }, 'sender'),
    route({ prefixes: [''] }, 'any'),
  ]
  const unknown = { network: null, country: null, sender: null }
  expect(operatorsFor(routes, unknown)).toEqual(['any'])
  expect(operatorsFor(routes, { ...unknown, country: 'IR' })).toEqual(['prefix-country'])
  expect(operatorsFor(routes.slice(1, 2), { ...unknown, country: 'IR' })).toEqual(['country'])
  expect(operatorsFor(routes, { ...unknown, sender: '' })).toEqual(['sender'])
  expect(operatorsFor(routes.slice(0, 3), unknown)).toEqual(['no-route'])
})

test('a customer whose own routes do not fit takes those of all', () => {
  const routes = [
    route({ customers: ['acme', 'other'], prefixes: ['49'] }, 'own'),
    route({ customers: ['acme'], prefixes: ['43'] }, 'own too'),
    route({ prefixes: [''] }, 'any'),
  ]
  expect(operatorsFor(routes)).toEqual(['any'])
  expect(operatorsFor(routes, { phone: '+4915112345678' })).toEqual(['own'])
  expect(operatorsFor(routes, { phone: '+436601234567' })).toEqual(['own too'])
  expect(operatorsFor(routes, { phone: '+4915112345678', customerId: 'other' })).toEqual(['own'])
  expect(operatorsFor(routes, { phone: '+4915112345678', customerId: 'third' })).toEqual(['any'])
})

test('of several networks or countries of a route each is its own', () => {
  const routes = [route({ mccMncs: ['432-20', '432-11'] }, 'networks'), route({ countries: ['DE', 'IR'] }, 'countries')]
  expect(operatorsFor(routes)).toEqual(['networks'])
  expect(operatorsFor(routes, { network: { mccMnc: '432-35', known: '' } })).toEqual(['countries'])
  expect(firstWhy(routes.slice(1))).toBe('countries: country DE or IR')
})

import { expect, test } from 'vitest'
import { type DeclaredRoute, faultOfRoute, toRoute } from './route-schema.ts'

const OPERATORS = { a: {}, b: {}, c: {} }
const faultOf = (route: DeclaredRoute) => faultOfRoute(route, OPERATORS)

test.each<[string, DeclaredRoute]>([
  ['a prefix', { prefix: '', operator: 'a', price: 0 }],
  ['a network', { mcc_mnc: '432-11', operator: 'a', price: 1 }],
  ['a country', { country: ['IR'], operator: 'a', price: 1, failover: ['b', 'c'] }],
  [
    'prices of its targets',
    {
      prefix: '',
      to: [
        { operator: 'a', price: 1 },
        { operator: 'b', price: 0 },
      ],
    },
  ],
  [
    'one price for some',
    {
      prefix: '',
      price: 1,
      to: [
        { operator: 'a', weight: 0 },
        { operator: 'b', weight: 1 },
      ],
    },
  ],
])('a route with %s is whole', (_, route) => {
  expect(faultOf(route)).toBeNull()
})

test.each<[DeclaredRoute, string, RegExp]>([
  [{ prefix: '', price: 1 }, '', /`operator` or `to`/],
  [{ prefix: '', price: 1, operator: 'a', to: [{ operator: 'b' }] }, '', /not both/],
  [{ operator: 'a', price: 1, sender: 'x', customer: 'c', priority: 1 }, '', /needs `prefix`, `mcc_mnc` or `country`/],
  [{ prefix: '', price: 1, operator: 'x' }, '/operator', /no operator "x"/],
  [{ prefix: '', price: 1, operator: 'toString' }, '/operator', /no operator "toString"/],
  [{ prefix: '', price: 1, to: [{ operator: 'a' }, { operator: 'x' }] }, '/to/1/operator', /no operator "x"/],
  [{ prefix: '', price: 1, operator: 'a', failover: ['b', 'x'] }, '/failover/1', /no operator "x"/],
  [{ prefix: '', price: 1, to: [{ operator: 'a' }, { operator: 'a' }] }, '/to/1/operator', /"a" a second time/],
  [{ prefix: '', price: 1, to: [{ operator: 'a' }], failover: ['b', 'a'] }, '/failover/1', /"a" a second time/],
  [{ prefix: '', operator: 'a' }, '', /no price/],
  [{ prefix: '', to: [{ operator: 'a', price: 1 }, { operator: 'b' }] }, '/to/1', /no price/],
  [{ prefix: '', to: [{ operator: 'a' }, { operator: 'b', price: 1 }] }, '/to/0', /no price/],
  [{ prefix: '', price: 1, to: [{ operator: 'a', weight: 0 }] }, '/to', /no weight above 0/],
])('%j has a fault at %j', (route, pointer, what) => {
  expect(faultOf(route)).toEqual({ pointer, what: expect.stringMatching(what) })
})

test('the short form is a route with one operator', () => {
  expect(toRoute({ prefix: '98', operator: 'a', price: 7 })).toEqual({
    ...{ match: { prefixes: ['98'] }, to: [{ operator: 'a', weight: 1, price: 7 }], failover: [], senders: null },
  })
})

test('the long form has all that it says; a target has the price of its route where it names none', () => {
  const senders = { replace: '2000' }
  const match = { mcc_mnc: ['432-11'], country: 'IR', sender: ['A*', 'B'], customer: 'c', priority: [0, 3] }
  const to = [{ operator: 'a', weight: 0, price: 0 }, { operator: 'b' }]
  expect(toRoute({ ...match, to, failover: ['c'], price: 5, senders })).toEqual({
    match: { mccMncs: ['432-11'], countries: ['IR'], senders: ['A*', 'B'], customers: ['c'], priorities: [0, 3] },
    to: [
      { operator: 'a', weight: 0, price: 0 },
      { operator: 'b', weight: 1, price: 5 },
    ],
    ...{ failover: ['c'], senders },
  })
})

import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { SmppSettings } from '../delivery/connectors/smpp/smpp-settings.ts'
import { firstFault } from '../runtime/yaml-file.ts'
import { operatorSchema } from './operator-schema.ts'
import { RouteSchema } from './route-schema.ts'

const isOf = (schema: TSchema, value: object): boolean => firstFault(schema, value) === null

const SCHEMA = operatorSchema('smpp', SmppSettings)
const SMPP = { address: 'smsc:2775', system_id: 'us' }
const OPERATOR = { connector: 'smpp', smpp: SMPP, window: 1, response_timeout_ms: 100, on_ambiguous: 'hold' }

test.each<[string, unknown[], unknown[]]>([
  ['window', [1, 10_000], [0, 10_001, 1.5, '1', null]],
  ['response_timeout_ms', [100, 300_000], [99, 300_001]],
  ['on_ambiguous', ['hold', 'resend'], ['ask', '', null]],
  ['resends_max', [1, 10], [0, 11]],
  ['resend_ms_first', [100, 600_000], [99, 600_001]],
  ['receipt_timeout_ms', [1_000, 30 * 86_400_000], [999, 30 * 86_400_000 + 1]],
  ['per_second', [0.001, 100_000], [0, -1, 100_001]],
  ['customers', [{}, { acme: 1 }, { ['c'.repeat(64)]: 100 }], [{ acme: 0 }, { acme: 101 }, { ['c'.repeat(65)]: 1 }]],
  [
    'senders',
    [{ allow: ['*'] }, { default: '+98912' }, { replace: 'A b.c_d-1' }],
    [{}, { allow: [] }, { default: '*' }],
  ],
  ['senders', [{ allow: ['x'.repeat(20)] }], [{ allow: ['x'.repeat(21)] }, { replace: '' }, { other: 'x' }]],
  ['connector', ['smpp'], ['http', 'pigeon']],
  ['more', [], [1]],
])('an operator may have as %s %j, and not %j', (field, taken, refused) => {
  for (const value of taken) expect(isOf(SCHEMA, { ...OPERATOR, [field]: value }), `${value}`).toBe(true)
  for (const value of refused) expect(isOf(SCHEMA, { ...OPERATOR, [field]: value }), `${value}`).toBe(false)
})

test.each<[string, unknown[], unknown[]]>([
  ['prefix', ['', '98', '1'.repeat(15), ['98', '']], ['1'.repeat(16), '+98', '9a', [], 98]],
  ['mcc_mnc', ['432-11', '310-410', ['432-11']], ['43211', '432-1', '432-1111', '43-211', []]],
  ['country', ['IR', ['DE', 'AT']], ['ir', 'IRN', 'I', '', []]],
  ['sender', ['Acme*', ['2000', '*']], ['', 'x'.repeat(21), 'ä', []]],
  ['customer', ['acme', 'A_b-9', 'c'.repeat(64)], ['', 'a b', 'c'.repeat(65)]],
  ['priority', [0, 3, [1, 2]], [-1, 4, 1.5, '1']],
  ['operator', ['a', 'mci-2', 'o'.repeat(32)], ['', 'A', '2a', '-a', 'o'.repeat(33)]],
  ['price', [0, 1_000_000_000], [-1, 1_000_000_001, 0.5]],
  ['failover', [['a'], Array(100).fill('a')], [[], Array(101).fill('a'), 'a', ['A']]],
  ['to', [[{ operator: 'a', weight: 0, price: 0 }], [{ operator: 'a', weight: 1_000_000 }]], [[], [{}]]],
  [
    'to',
    [[{ operator: 'a', price: 1_000_000_000 }]],
    [[{ operator: 'a', weight: -1 }], [{ operator: 'a', weight: 1_000_001 }]],
  ],
  ['to', [Array(100).fill({ operator: 'a' })], [Array(101).fill({ operator: 'a' }), [{ operator: 'a', more: 1 }]]],
  ['senders', [{ replace: 'x' }], [{}, 'x']],
  ['more', [], [1]],
])('a route may have as %s %j, and not %j', (field, taken, refused) => {
  for (const value of taken) expect(isOf(RouteSchema, { [field]: value }), JSON.stringify(value)).toBe(true)
  for (const value of refused) expect(isOf(RouteSchema, { [field]: value }), JSON.stringify(value)).toBe(false)
})

import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { HttpSettings } from '../delivery/connectors/http/http-settings.ts'
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

test.each<[string, unknown[], unknown[]]>([
  ['address', ['embedded', 'h:1', ['h:1'], Array(8).fill('h:1')], ['h', ':1', [], ['embedded'], Array(9).fill('h:1')]],
  ['system_id', ['u', 'u'.repeat(64)], ['', 'u'.repeat(65)]],
  ['password_env', ['A', '_X9'], ['a', '9A', '']],
  ['password_file', ['p'], ['']],
  ['system_type', ['', 't'.repeat(64)], ['t'.repeat(65)]],
  ['interface_version', [3.3, 3.4, 5], [3, '3.4']],
  [
    'address_range',
    [{}, { ton: 0, npi: 255, range: 'r'.repeat(40) }],
    [{ ton: 256 }, { npi: -1 }, { range: 'r'.repeat(41) }],
  ],
  ['bind', ['transceiver', 'pair'], ['receiver']],
  ['binds', [1, 32], [0, 33]],
  [
    'tls',
    [{}, { ca_file: 'a', servername: 'b', cert_file: 'c', key_file: 'd' }],
    [{ ca_file: '' }, { insecure: true }],
  ],
  ['tls', [], [{ servername: '' }, { cert_file: '' }, { key_file: '' }]],
  ['enquire_link_ms', [1, 3_600_000], [0, 3_600_001]],
  ['inactivity_ms', [0, 86_400_000], [-1, 86_400_001]],
  ['concatenation', ['udh8', 'udh16', 'sar', 'payload'], ['none']],
  ['gsm7', ['unpacked', 'packed'], ['']],
  ['data_coding', [{}, { gsm7: 0, latin1: 255, ucs2: 8 }], [{ gsm7: 256 }, { utf8: 1 }]],
  ['flash', ['data_coding', 'dest_addr_subunit'], ['none']],
  ['service_type', ['', 'abcde'], ['abcdef']],
  ['protocol_id', [0, 255], [256]],
  ['registered_delivery', [0, 255], [256]],
  ['validity', ['relative', 'absolute', 'none'], ['']],
  [
    'priority_flags',
    [[0, 1, 2, 255]],
    [
      [0, 1, 2],
      [0, 1, 2, 3, 4],
      [0, 1, 2, 256],
    ],
  ],
  [
    'sender',
    [{}, { default: 's'.repeat(20), alphanumeric: { ton: 5 }, short: {} }],
    [{ default: '' }, { default: 's'.repeat(21) }],
  ],
  ['sender', [{ national: { npi: 1 }, international: { ton: 1, npi: 1 } }], [{ other: {} }, { short: { range: 'x' } }]],
  ['recipient', [{ plus: true, ton: 1 }], [{ plus: 1 }, { more: 1 }]],
  [
    'message_id',
    [{ answer: 'text', receipt: 'hex', receipt_tlv: 'decimal' }, { answer: 'exact' }],
    [{ answer: 'octal' }],
  ],
  ['receipts_by_text', [true, false], [1]],
  ['receipts_by_id_alone', [true, false], [1]],
  ['states', [{}, { OUR_STATE: 'delivered' }, { 9: 'failed' }], [{ 'a b': 'delivered' }, { A: 'gone' }]],
  ['receipt_utc_offset_minutes', [-840, 840], [-841, 841]],
  ['reference_tlv', [0, 0xffff], [0x10000]],
  [
    'tlvs',
    [[], [{ tag: 1, text: 't'.repeat(255) }], [{ tag: 1, hex: '0aFF' }]],
    [[{ tag: 1 }], [{ tag: 1, hex: '0' }]],
  ],
  [
    'tlvs',
    [[{ tag: 1, hex: '' }]],
    [[{ tag: 1, text: 't'.repeat(256) }], [{ tag: 1, hex: 'zz' }], Array(33).fill({ tag: 1, text: '' })],
  ],
  [
    'errors',
    [{ ESME_RTHROTTLED: 'rejected' }, { '0x400': 'rejected' }],
    [{ x: 'rejected' }, { ESME_RTHROTTLED: 'odd' }],
  ],
  ['more', [], [1]],
])('an account may have as %s %j, and not %j', (field, taken, refused) => {
  for (const value of taken) expect(isOf(SmppSettings, { ...SMPP, [field]: value }), JSON.stringify(value)).toBe(true)
  for (const value of refused)
    expect(isOf(SmppSettings, { ...SMPP, [field]: value }), JSON.stringify(value)).toBe(false)
})

test.each<[string, unknown[], unknown[]]>([
  ['use', ['infobip', 'kavenegar', 'magfa'], ['other']],
  [
    'secrets',
    [{}, { api_key: { env: 'KEY' } }, { k: { file: 'f' } }],
    [{ k: 'x' }, { k: { env: 'key' } }, { k: { file: '' } }, { K: { env: 'K' } }],
  ],
  ['request', [{}, { any: 1 }], ['x']],
  ['more', [], [1]],
])('HTTP settings may have as %s %j, and not %j', (field, taken, refused) => {
  for (const value of taken) expect(isOf(HttpSettings, { [field]: value }), JSON.stringify(value)).toBe(true)
  for (const value of refused) expect(isOf(HttpSettings, { [field]: value }), JSON.stringify(value)).toBe(false)
})

import { expect, test } from 'vitest'
import { firstFault } from '../../../runtime/yaml-file.ts'
import { SmppSettings } from './smpp-settings.ts'

const SMPP = { address: 'smsc:2775', system_id: 'us' }
const isOf = (value: object): boolean => firstFault(SmppSettings, value) === null

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
  for (const value of taken) expect(isOf({ ...SMPP, [field]: value }), JSON.stringify(value)).toBe(true)
  for (const value of refused) expect(isOf({ ...SMPP, [field]: value }), JSON.stringify(value)).toBe(false)
})

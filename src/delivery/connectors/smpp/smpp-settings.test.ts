import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseOperators } from '../../../operators/operators-file.ts'
import { faultOfSmppPassword } from './fault-of-smpp.ts'
import { readOperatorPassword } from './operator-password.ts'
import { SMPP } from './smpp.ts'
import { completeSmppSettings, type SmppSettings } from './smpp-settings.ts'

function parse(smpp: string) {
  const source = `operators:
  mci:
    connector: smpp
    smpp: ${smpp}
    window: 10
    response_timeout_ms: 10000
    on_ambiguous: hold
routes:
  - prefix: ""
    operator: mci
    price: 1
`
  return parseOperators(source, 'operators.yaml', { smpp: SMPP }).operators.mci
}

test('an account needs an address and a name; the rest has defaults', () => {
  const given: SmppSettings = { address: 'smsc:2775', system_id: 'us' }
  expect(parse('{address: smsc:2775, system_id: us}')).toMatchObject({ connector: 'smpp', smpp: given })
  const settings = completeSmppSettings(given)
  expect(settings).toMatchObject({ bind: 'transceiver', binds: 1, data_coding: { gsm7: 0, latin1: 3, ucs2: 8 } })
  expect(settings.message_id).toEqual({ answer: 'text', receipt: 'text', receipt_tlv: 'text' })
  const hex = completeSmppSettings({ ...given, message_id: { answer: 'hex' }, data_coding: { gsm7: 1 } })
  expect(hex.message_id).toEqual({ answer: 'hex', receipt: 'text', receipt_tlv: 'hex' })
  expect(hex.data_coding).toEqual({ gsm7: 1, latin1: 3, ucs2: 8 })
})

test('the example is one', () => {
  const path = join(import.meta.dirname, '../../../../examples/operators.smpp.yaml')
  expect(Object.keys(parseOperators(readFileSync(path, 'utf8'), path, { smpp: SMPP }).operators)).toEqual([
    'mci',
    'irancell',
  ])
})

test.each([
  ['a password in the file', '{address: smsc:2775, system_id: us, password: secret}'],
  ['a status that is none', '{address: smsc:2775, system_id: us, errors: {ESME_RNONE: rejected}}'],
  ['a meaning that is none', '{address: smsc:2775, system_id: us, errors: {ESME_RSYSERR: wait}}'],
  ['too many binds', '{address: smsc:2775, system_id: us, binds: 33}'],
  ['an address without a port', '{address: smsc, system_id: us}'],
  ['a port that is none', '{address: [smsc:2775, "smsc:70000"], system_id: us}'],
  ['two passwords', '{address: smsc:2775, system_id: us, password_env: A, password_file: b}'],
  ['a certificate without its key', '{address: smsc:2775, system_id: us, tls: {cert_file: a.pem}}'],
  ['more binds than submits', '{address: smsc:2775, system_id: us, binds: 11}'],
  ['a first wait above the longest', '{address: smsc:2775, system_id: us, reconnect_ms_first: 40000}'],
  ['a tag twice', '{address: smsc:2775, system_id: us, reference_tlv: 5121, tlvs: [{tag: 0x1401, text: a}]}'],
  ['a name that is too long', `{address: smsc:2775, system_id: ${'x'.repeat(65)}}`],
  ['a name that a bind cannot carry', '{address: smsc:2775, system_id: کاربر}'],
  ['a name with a NUL', '{address: smsc:2775, system_id: "a\\0b"}'],
  ['a type that a bind cannot carry', '{address: smsc:2775, system_id: us, system_type: پیامک}'],
  ['a service type that a submit cannot carry', '{address: smsc:2775, system_id: us, service_type: پیام}'],
  ['a range that a bind cannot carry', '{address: smsc:2775, system_id: us, address_range: {range: "۹۸"}}'],
  ['a parameter that SMPP cannot carry', '{address: smsc:2775, system_id: us, tlvs: [{tag: 0x1401, text: پ}]}'],
  ['a parameter that the gateway writes', '{address: smsc:2775, system_id: us, tlvs: [{tag: 0x0424, text: a}]}'],
  ['a reference in such a parameter', '{address: smsc:2775, system_id: us, reference_tlv: 0x020c}'],
  ['a sender that is none', '{address: smsc:2775, system_id: us, sender: {default: "a sender too long"}}'],
  ['success as an error', '{address: smsc:2775, system_id: us, errors: {ESME_ROK: rejected}}'],
  ['success as an error by its number', '{address: smsc:2775, system_id: us, errors: {"0x0": rejected}}'],
  ['an address with a scheme', '{address: "smpp://smsc:2775", system_id: us}'],
  ['an address with a blank', '{address: "smsc example:2775", system_id: us}'],
  ['an IPv6 address without brackets', '{address: "2001:db8::1:2775", system_id: us}'],
  ['TLS to the simulator', '{address: embedded, system_id: us, tls: {}}'],
  ['an address as the name of a server', '{address: smsc:2775, system_id: us, tls: {servername: 10.0.0.1}}'],
])('%s is refused with its line', (_what, smpp) => {
  expect(() => parse(smpp)).toThrow(/operators\.yaml:4/)
})

test('a login is as long as operators give them, and as they give it', () => {
  const operator = parse('{address: "[2001:db8::1]:2775", system_id: our-long-system-id-at-the-operator}')
  expect(operator).toMatchObject({ smpp: { system_id: 'our-long-system-id-at-the-operator' } })
  for (const password of ['', 'twelve-chars', 'with a blank', 'café', 'x'.repeat(64)]) {
    expect(faultOfSmppPassword(password)).toBeNull()
  }
  expect(faultOfSmppPassword('x'.repeat(65))).toBe('has more than 64 characters')
  expect(faultOfSmppPassword('a\0b')).toContain('U+0000')
  expect(faultOfSmppPassword('رمز')).toContain('U+0631')
})

test('the password is where the settings say', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'smsgw-'))
  const path = join(folder.path, 'password')
  writeFileSync(path, 'secret\n')
  expect(readOperatorPassword('mci', { password_file: path }, {})).toBe('secret')
  expect(readOperatorPassword('mci', { password_env: 'PASSWORD' }, { PASSWORD: 'other' })).toBe('other')
  expect(readOperatorPassword('mci', {}, {})).toBe('')
  expect(() => readOperatorPassword('mci', { password_env: 'PASSWORD' }, {})).toThrow('PASSWORD, which is not set')
  expect(() => readOperatorPassword('mci', { password_file: `${path}.not` }, {})).toThrow('"mci" cannot be read')
})

test('what the file leaves out is what docs/operators/smpp.md says, and what it names is not changed', () => {
  const settings = completeSmppSettings({ address: 'smsc:2775', system_id: 'us' })
  expect(settings).toEqual({
    ...{ address: 'smsc:2775', system_id: 'us', system_type: '', interface_version: 3.4 },
    ...{ bind: 'transceiver', binds: 1, bind_timeout_ms: 10_000, enquire_link_ms: 30_000, inactivity_ms: 0 },
    ...{ reconnect_ms_first: 500, reconnect_ms_max: 30_000, refused_ms_first: 30_000, refused_ms_max: 600_000 },
    ...{ concatenation: 'udh8', gsm7: 'unpacked', flash: 'data_coding', service_type: '', protocol_id: 0 },
    ...{ registered_delivery: 1, validity: 'relative', priority_flags: [0, 0, 0, 1] },
    ...{ receipts_by_text: false, receipts_by_id_alone: false, states: {}, receipt_utc_offset_minutes: 0 },
    ...{ tlvs: [], errors: {}, address_range: { ton: 0, npi: 0, range: '' } },
    ...{ data_coding: { gsm7: 0, latin1: 3, ucs2: 8 }, recipient: { plus: false } },
    message_id: { answer: 'text', receipt: 'text', receipt_tlv: 'text' },
  })
  const own: SmppSettings = {
    ...{ address: ['a:1', 'b:2'], system_id: 'us', binds: 4, recipient: { ton: 1, plus: true } },
    ...{ address_range: { range: '98' }, message_id: { answer: 'hex', receipt: 'decimal', receipt_tlv: 'exact' } },
  }
  expect(completeSmppSettings(own)).toMatchObject({
    ...own,
    address_range: { ton: 0, npi: 0, range: '98' },
  })
})

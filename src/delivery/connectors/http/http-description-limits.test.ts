import { expect, test } from 'vitest'
import { firstFault } from '../../../runtime/yaml-file.ts'
import { HttpDescription, HttpSettings, PLACEHOLDER, TEMPLATE_NAMES } from './http-settings.ts'

/*
  Every limit of an HTTP description with a value on each side of it. The limits are written here a second time on
  purpose: a changed schema fails here, also where no operator of the other tests comes near a limit.
*/

const REQUEST = { url: 'https://x.example' }
const RECEIPTS = { id: '/id', status: '/status', statuses: { DELIVRD: 'delivered' } }

/** A whole description in which one place has `value`; `push/token` is below `receipts`. */
function descriptionWith(place: string, value: unknown): object {
  const whole = {
    request: { ...REQUEST },
    answer: { id: '/id' },
    errors: {},
    receipts: { push: { ...RECEIPTS }, poll: { ...RECEIPTS, request: { ...REQUEST } } },
  }
  const names = place.split('/')
  const last = names.pop()!
  let parent: Record<string, unknown> = whole
  for (const name of names) parent = parent[name] as Record<string, unknown>
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return whole
}

const isTaken = (place: string, value: unknown) => firstFault(HttpDescription, descriptionWith(place, value)) === null

const fields = (count: number, value = 'x') =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, value]))
const long = (length: number) => 'x'.repeat(length)
const urlOf = (length: number) => `https://x.example/`.padEnd(length, 'x')
const TEMPLATES_TAKEN = [{}, fields(50), { [long(100)]: long(2_000) }]
const TEMPLATES_REFUSED = [fields(51), { [long(101)]: 'x' }, { '': 'x' }, { a: long(2_001) }, { a: 1 }, 'x']
const POINTERS_TAKEN = ['', '/', '/a', '/a/0/b', `/${long(199)}`]
const POINTERS_REFUSED = ['a', 'a/b', `/${long(200)}`, 1]
const MEANINGS = ['temporary', 'rejected', 'throttled', 'ambiguous']
const STATES = ['delivered', 'failed', 'expired', 'rejected', 'unknown', 'ignored']
const REQUEST_LIMITS: [string, unknown[], unknown[]][] = [
  [
    'url',
    ['http://x', 'https://x', urlOf(2_000)],
    ['x', 'ftp://x', ' https://x', 'xhttps://x', urlOf(2_001), undefined],
  ],
  ['method', ['POST', 'PUT', 'GET', undefined], ['DELETE', 'post', '']],
  ['headers', TEMPLATES_TAKEN, TEMPLATES_REFUSED],
  ['query', TEMPLATES_TAKEN, TEMPLATES_REFUSED],
  ['form', TEMPLATES_TAKEN, TEMPLATES_REFUSED],
  ['json', [{}, { a: { b: [1, null] } }], ['x', [], 1]],
  [
    'basic',
    [{ user: '', password: long(2_000) }],
    [{ user: 'x' }, { password: 'x' }, { user: long(2_001), password: '' }],
  ],
  ['basic', [], [{ user: 'x', password: 'x', more: 'x' }, 'x:y']],
  ['more', [], ['x']],
]
const FORM_LIMITS: [string, unknown[], unknown[]][] = [
  ['items', [...POINTERS_TAKEN, undefined], POINTERS_REFUSED],
  ['id', POINTERS_TAKEN, [...POINTERS_REFUSED, undefined]],
  ['status', POINTERS_TAKEN, [...POINTERS_REFUSED, undefined]],
  ['code', [...POINTERS_TAKEN, undefined], POINTERS_REFUSED],
  ['at', [...POINTERS_TAKEN, undefined], POINTERS_REFUSED],
  ['recipient', [...POINTERS_TAKEN, undefined], POINTERS_REFUSED],
  ['statuses', [{}, ...STATES.map((state) => ({ any: state }))], [{ any: 'gone' }, { any: 1 }, 'x', undefined]],
  ['otherwise', [...STATES, undefined], ['gone', '', 1]],
  ['more', [], ['x']],
]

test.each<[string, unknown[], unknown[]]>(
  [
    ...REQUEST_LIMITS.map(([place, taken, refused]) => [`request/${place}`, taken, refused] as const),
    ...REQUEST_LIMITS.map(([place, taken, refused]) => [`receipts/poll/request/${place}`, taken, refused] as const),
    ...FORM_LIMITS.map(([place, taken, refused]) => [`receipts/push/${place}`, taken, refused] as const),
    ...FORM_LIMITS.map(([place, taken, refused]) => [`receipts/poll/${place}`, taken, refused] as const),
  ].map((row) => [...row]),
)('%s may be %j, and not %j', (place, taken, refused) => {
  for (const value of taken) expect(isTaken(place, value), JSON.stringify(value)).toBe(true)
  for (const value of refused) expect(isTaken(place, value), JSON.stringify(value)).toBe(false)
})

test.each<[string, unknown[], unknown[]]>([
  ['request', [REQUEST], [undefined, {}, 'x']],
  ['answer', [{ id: '/id' }], [undefined, {}, 'x']],
  ['answer/id', POINTERS_TAKEN, POINTERS_REFUSED],
  ['answer/code', [...POINTERS_TAKEN, undefined], POINTERS_REFUSED],
  ['answer/text', [...POINTERS_TAKEN, undefined], POINTERS_REFUSED],
  ['answer/taken', [['0'], ['0', ''], undefined], [[], '0', [0]]],
  ['answer/without_id', ['taken', ...MEANINGS, undefined], ['', 'sent', 1]],
  ['answer/more', [], ['x']],
  ['errors', [{}, undefined], ['x', { more: 'x' }]],
  ['errors/codes', [{}, ...MEANINGS.map((meaning) => ({ any: meaning }))], [{ any: 'taken' }, { any: 1 }, 'x']],
  ['errors/otherwise', [...MEANINGS, undefined], ['taken', '']],
  [
    'errors/statuses',
    [{}, { 100: 'rejected', 599: 'temporary', '5xx': 'throttled', '1xx': 'ambiguous' }],
    [{ 600: 'rejected' }, { '099': 'rejected' }, { 5000: 'rejected' }, { x500: 'rejected' }, { '5x': 'rejected' }],
  ],
  ['errors/statuses', [], [{ '500x': 'rejected' }, { '6xx': 'rejected' }, { 500: 'taken' }]],
  ['receipts', [{}, undefined], ['x', { more: {} }]],
  ['receipts/push', [RECEIPTS, undefined], [{}, 'x']],
  ['receipts/poll', [{ ...RECEIPTS, request: REQUEST }, undefined], [RECEIPTS, {}, 'x']],
  ['receipts/push/public_url', ['http://x', 'https://x', undefined], ['x', 'ftp://x', ' http://x']],
  [
    'receipts/push/signature',
    [
      { header: 'x', secret: 'k' },
      { header: 'x', secret: `k${'0'.repeat(31)}`, prefix: long(20) },
    ],
    [{ header: '', secret: 'k' }, { header: 'x' }, { secret: 'k' }, { header: 'x', secret: 'k', prefix: long(21) }],
  ],
  [
    'receipts/push/signature',
    ['sha1', 'sha256', 'sha512'].map((algorithm) => ({ header: 'x', secret: 'k', algorithm })),
    ['md5', ''].map((algorithm) => ({ header: 'x', secret: 'k', algorithm })),
  ],
  [
    'receipts/push/signature',
    ['hex', 'base64'].map((encoding) => ({ header: 'x', secret: 'k', encoding })),
    ['utf8', ''].map((encoding) => ({ header: 'x', secret: 'k', encoding })),
  ],
  [
    'receipts/push/signature',
    ['a', 'api_key_2'].map((secret) => ({ header: 'x', secret })),
    ['', 'K', '2k', '_k', 'a-b', `k${'0'.repeat(32)}`, 'a b'].map((secret) => ({ header: 'x', secret })),
  ],
  ['receipts/push/signature', [undefined], [{ header: 'x', secret: 'k', more: 'x' }]],
  [
    'receipts/push/token',
    [{ query: 'x', secret: 'k' }, { header: 'x', secret: 'k' }, undefined],
    [{ query: '', secret: 'k' }, { header: '', secret: 'k' }, { query: 'x' }, { header: 'x' }, { secret: 'k' }],
  ],
  [
    'receipts/push/token',
    [],
    [
      { query: 'x', header: 'x', secret: 'k' },
      { query: 'x', secret: 'K' },
      { header: 'x', secret: 'K' },
    ],
  ],
  [
    'receipts/push/addresses',
    [['10.0.0.1'], ['10.0.0.0/8', '::1', 'FE80::/10'], ['10.0.0.0/128'], undefined],
    [[], ['host'], ['10.0.0.1/'], ['10.0.0.1/1000'], ['/8'], ['x10.0.0.1'], ['10.0.0.1x'], '10.0.0.1'],
  ],
  ['receipts/poll/every_ms', [100, 3_600_000, undefined], [99, 3_600_001, 100.5, '100']],
  ['receipts/poll/ids_max', [1, 1_000, undefined], [0, 1_001, 1.5]],
  ['receipts/poll/hours', [0.001, 720, undefined], [0, -1, 721, '1']],
  ['more', [], ['x']],
])('%s of an HTTP description may be %j, and not %j', (place, taken, refused) => {
  for (const value of taken) expect(isTaken(place, value), JSON.stringify(value)).toBe(true)
  for (const value of refused) expect(isTaken(place, value), JSON.stringify(value)).toBe(false)
})

test('templates may name these values and secrets, in this form', () => {
  expect(TEMPLATE_NAMES).toEqual(
    'to to_plus from text sms_id ref encoding flash priority valid_until receipt_url'.split(' '),
  )
  const namesIn = (template: string) => [...template.matchAll(PLACEHOLDER)].map(([, name]) => name)
  expect(namesIn('{to}{to_plus} {secret.key_2}{a.0_z}')).toEqual(['to', 'to_plus', 'secret.key_2', 'a.0_z'])
  expect(namesIn('{}{ to}{To}{a2}{a.}{.a}{a.b.c}{a.B}{a-b}{a')).toEqual([])
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
  for (const value of taken)
    expect(firstFault(HttpSettings, { [field]: value }) === null, JSON.stringify(value)).toBe(true)
  for (const value of refused)
    expect(firstFault(HttpSettings, { [field]: value }) === null, JSON.stringify(value)).toBe(false)
})

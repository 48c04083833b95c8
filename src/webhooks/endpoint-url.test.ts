import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExpectedError } from '../runtime/expected-error.ts'
import { basicAuthorization, readEndpointUrl } from './endpoint-url.ts'

const PUBLIC = { allowPrivate: false }

function refusal(url: string, options = PUBLIC): string {
  try {
    readEndpointUrl(url, options)
  } catch (error) {
    if (error instanceof ExpectedError) return error.message
    throw error
  }
  return `taken: ${url}`
}

function decoded(authorization: string): string {
  return Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
}

test('C20: user and password leave the URL, and are sent as Basic authentication', () => {
  const { url, credentials } = readEndpointUrl('http://USER:SECRET@hook.example.com/hook?a=b', PUBLIC)
  expect(url).toBe('http://hook.example.com/hook?a=b')
  expect(decoded(basicAuthorization(credentials!))).toBe('USER:SECRET')
  expect(readEndpointUrl('https://hook.example.com', PUBLIC)).toEqual({
    url: 'https://hook.example.com/',
    credentials: null,
  })
})

test.each([
  ['https://user@h.example.com/', 'user:'],
  ['https://:key@h.example.com/', ':key'],
  ['https://u:p%3Aq%40r%2F@h.example.com/', 'u:p:q@r/'],
  ['https://u:p:q@h.example.com/', 'u:p:q'],
  ['https://u:100%@h.example.com/', 'u:100%'],
  ['https://ü:пароль@h.example.com/', 'ü:пароль'],
])('credentials of %s are %s', (url, expected) => {
  expect(decoded(basicAuthorization(readEndpointUrl(url, PUBLIC).credentials!))).toBe(expected)
})

test('any user and password arrive as they were given', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 })
  fc.assert(
    fc.property(text, text, (user, password) => {
      const given = `https://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h.example.com/`
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
      if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(user + password) || user.includes(':')) {
        expect(refusal(given)).toMatch(/user name|control characters/)
        return
      }
      const { url, credentials } = readEndpointUrl(given, PUBLIC)
      expect(url).toBe('https://h.example.com/')
      expect(decoded(basicAuthorization(credentials!))).toBe(`${user}:${password}`)
    }),
  )
})

test.each([
  ['ftp://h.example.com/', /begins with https/],
  ['h.example.com/hook', /begins with https/],
  ['https://', /begins with https/],
  ['https:h.example.com', /begins with https/],
  ['https://h.example.com:99999/', /begins with https/],
  ['https://h.example.com:0/', /port 0/],
  ['https://h.example.com/#part', /fragment/],
  ['https://h.example.com/#', /fragment/],
  ['https://h.example.com/a b', /spaces/],
  [' https://h.example.com/', /spaces/],
  ['https://h.example.com/\n', /control characters/],
  ['https://h.exam\tple.com/', /control characters/],
  ['https://h.example.com/\u0000', /control characters/],
  [`https://h.example.com/${'a'.repeat(2_048)}`, /longer than 2048/],
  [`https://h.example.com/${'é'.repeat(1_000)}`, /longer than 2048 characters once/],
  [`https://${'a'.repeat(64)}.example.com/`, /DNS does not allow/],
  [`https://${'a.'.repeat(130)}com/`, /DNS does not allow/],
  ['https://a..example.com/', /DNS does not allow/],
  ['https://-a.example.com/', /DNS does not allow/],
  ['http://127.0.0.1/', /WEBHOOK_ALLOW_PRIVATE/],
  ['http://2130706433/', /not a public address/],
  ['http://[::ffff:127.0.0.1]/', /not a public address/],
  ['http://169.254.169.254/latest', /not a public address/],
  ['http://localhost:8080/', /not on the public internet/],
  ['http://intranet/', /not on the public internet/],
  ['http://db.internal./', /not on the public internet/],
  ['http://printer.local/', /not on the public internet/],
  ['https://a%3Ab:p@h.example.com/', /colon/],
  ['https://a:p%00@h.example.com/', /control characters/],
])('%j can never work, and is refused', (url, why) => {
  expect(refusal(url)).toMatch(why)
})

test('a refusal never repeats the password', () => {
  for (const url of [
    'ftp://u:hunter2@h.example.com/',
    'http://u:hunter2@127.0.0.1/',
    'https://u:hunter2@h.example.com:0/',
  ])
    expect(refusal(url)).not.toContain('hunter2')
})

test('international names are stored in ASCII, so that look-alikes are seen', () => {
  expect(readEndpointUrl('https://пример.example.com/путь', PUBLIC).url).toBe(
    'https://xn--e1afmkfd.example.com/%D0%BF%D1%83%D1%82%D1%8C',
  )
})

test('private addresses are taken where that is allowed', () => {
  for (const url of ['http://127.0.0.1:9000/', 'http://receiver:80/hook', 'http://[::1]/'])
    expect(refusal(url, { allowPrivate: true })).toMatch(/^taken/)
})

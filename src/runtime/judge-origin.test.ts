import { expect, test } from 'vitest'
import { isAddressHost, isLoopbackHost, judgeOrigin } from './judge-origin.ts'
import { isSameSecret } from './same-secret.ts'

const judge = (headers: Record<string, string>): string => judgeOrigin(headers, isLoopbackHost)

test.each([
  [{ host: '127.0.0.1:8081' }],
  [{ host: 'localhost:9999' }],
  [{ host: 'LOCALHOST' }],
  [{ host: '[::1]:8081' }],
  [{ host: '127.0.0.1:8081', origin: 'http://127.0.0.1:8081', 'sec-fetch-site': 'same-origin' }],
  [{ host: '127.0.0.1:8081', 'sec-fetch-site': 'none' }],
])('a request of this machine, by a client or a page of the port itself, is its own: %o', (headers) => {
  expect(judge(headers)).toBe('own')
})

test.each([
  [{}],
  [{ host: '' }],
  [{ host: 'evil.example:8081' }],
  [{ host: '127.0.0.1.evil.example:8081' }],
  [{ host: 'localhost.evil.example' }],
  [{ host: '127.0.0.1:8081:1' }],
  [{ host: '127.0.0.1@evil.example' }],
])('a name of another site is refused: %o', (headers) => {
  expect(judge(headers as Record<string, string>)).toBe('foreign-host')
})

test.each([
  [{ origin: 'http://evil.example' }],
  [{ origin: 'null' }],
  [{ origin: '' }],
  [{ origin: 'http://127.0.0.1:8080' }],
  [{ origin: 'http://localhost:8081' }],
  [{ origin: 'file://' }],
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site' }],
])('a page of another origin is refused, also one of another port: %o', (headers) => {
  expect(judge({ host: '127.0.0.1:8081', ...headers } as Record<string, string>)).toBe('foreign-origin')
})

test('an address is no name', () => {
  expect(['10.0.0.1:8081', '[fd00::1]:8081', '10.0.0.1'].every(isAddressHost)).toBe(true)
  expect(['evil.example', '10.0.0.1.evil.example', '', 'localhost'].some(isAddressHost)).toBe(false)
})

test('secrets are compared whole, whatever their lengths', () => {
  expect(isSameSecret('abc', 'abc')).toBe(true)
  for (const other of ['', 'ab', 'abcd', 'abC']) expect(isSameSecret(other, 'abc')).toBe(false)
})

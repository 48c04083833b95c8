import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { guardUrl, isPublicAddress } from './address-guard.ts'
import { nextAttemptMs, retryAfterMs } from './attempt-plan.ts'
import { EndpointGate } from './endpoint-gate.ts'
import { createSecret, sign } from './sign.ts'

test('a signature holds by the reference implementation, and not for another body', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (body) => {
      const secret = createSecret()
      const seconds = Math.floor(Date.now() / 1_000)
      const headers = {
        'webhook-id': 'event',
        'webhook-timestamp': String(seconds),
        'webhook-signature': sign(secret, 'event', seconds, body),
      }
      const receiver = new Webhook(secret)
      expect(() => receiver.verify(body, headers, { parse: false } as never)).not.toThrow(/signature/i)
      expect(() => receiver.verify(`${body}x`, headers)).toThrow(/signature/i)
    }),
    { numRuns: 30 },
  )
})

test('attempts follow the schedule, no sooner than asked, and end', () => {
  const waits = Array.from({ length: 10 }, (_, index) => nextAttemptMs(index + 1, null, 0, () => 0))
  expect(waits.slice(0, 3)).toEqual([5_000, 300_000, 1_800_000])
  expect(waits.at(-1)).toBeNull()
  expect(nextAttemptMs(1, 60_000, 0, () => 0)).toBe(60_000)
  expect(nextAttemptMs(1, 10 ** 12, 0, () => 0)).toBe(86_400_000)
})

test('Retry-After is read in both of its forms', () => {
  const now = Date.UTC(2026, 10, 23, 12)
  expect(retryAfterMs('120', now)).toBe(120_000)
  expect(retryAfterMs('Mon, 23 Nov 2026 12:01:00 GMT', now)).toBe(60_000)
  expect(retryAfterMs('soon', now)).toBeNull()
  expect(retryAfterMs(undefined, now)).toBeNull()
})

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::a00:1',
  '2002:7f00:1::',
  'not an address',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each(['8.8.8.8', '185.143.232.1', '2a00:1450:4001:81b::200e', '2606:4700::1111'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test.each(['http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://[::1]:80/', 'file:///etc/passwd'])(
  '%s is refused, however it is written',
  (url) => {
    expect(() => guardUrl(new URL(url))).toThrow()
  },
)

test('an endpoint that fails is left alone for a while, a slow one has few requests, others go on', () => {
  const gate = new EndpointGate(2)
  for (let n = 0; n < 5; n++) {
    expect(gate.tryBegin('broken', 0)).toBe(true)
    gate.end('broken', false, 10, 0)
  }
  expect(gate.tryBegin('broken', 29_999)).toBe(false)
  expect(gate.tryBegin('broken', 30_000)).toBe(true)
  for (let n = 0; n < 20; n++) {
    gate.tryBegin('slow', 0)
    gate.end('slow', true, 5_000, 0)
  }
  expect([gate.tryBegin('slow', 0), gate.tryBegin('slow', 0), gate.tryBegin('slow', 0)]).toEqual([true, true, false])
  for (let n = 0; n < 100; n++) expect(gate.tryBegin('fast', 0)).toBe(true)
})

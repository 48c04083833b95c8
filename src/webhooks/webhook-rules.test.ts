import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { guardUrl, isPublicAddress } from './address-guard.ts'
import { DatabaseClock } from './database-clock.ts'
import { eventBody } from './event-body.ts'
import { nextWaitMs, probeWaitMs, retryAfterMs } from './retry-schedule.ts'
import { createSecret, sign, signingKey } from './sign.ts'

test('a signature holds by the reference implementation, and not for another body', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (body) => {
      const secret = createSecret()
      const seconds = Math.floor(Date.now() / 1_000)
      const headers = {
        'webhook-id': 'event',
        'webhook-timestamp': String(seconds),
        'webhook-signature': sign(signingKey(secret), 'event', seconds, body),
      }
      const receiver = new Webhook(secret)
      expect(() => receiver.verify(body, headers, { parse: false } as never)).not.toThrow(/signature/i)
      expect(() => receiver.verify(`${body}x`, headers)).toThrow(/signature/i)
    }),
    { numRuns: 30 },
  )
})

test('attempts follow the schedule, no sooner than asked, and end', () => {
  const waits = Array.from({ length: 10 }, (_, index) => nextWaitMs(index + 1, null, () => 0))
  expect(waits.slice(0, 3)).toEqual([5_000, 300_000, 1_800_000])
  expect(waits.at(-1)).toBeNull()
  expect(nextWaitMs(1, 60_000, () => 0)).toBe(60_000)
  expect(nextWaitMs(1, 10 ** 12, () => 0)).toBe(86_400_000)
})

test('waits between probes grow, and are bounded whatever an endpoint asks for and however long it fails', () => {
  expect([1, 2, 3, 4].map((failures) => probeWaitMs(failures, null, () => 0))).toEqual([2_000, 4_000, 8_000, 16_000])
  expect(probeWaitMs(1, 30_000, () => 0)).toBe(30_000)
  expect(probeWaitMs(1, 10 ** 12, () => 0)).toBe(600_000)
  expect(probeWaitMs(100_000, null, () => 1)).toBe(660_000)
})

test("Retry-After is read in both of its forms, a date by the receiver's own clock", () => {
  const now = Date.UTC(2026, 10, 23, 12)
  const inAMinute = 'Mon, 23 Nov 2026 12:01:00 GMT'
  expect(retryAfterMs('120', undefined, now)).toBe(120_000)
  expect(retryAfterMs(inAMinute, undefined, now)).toBe(60_000)
  expect(retryAfterMs(inAMinute, 'Mon, 23 Nov 2026 12:00:30 GMT', now + 600_000)).toBe(30_000)
  expect(retryAfterMs('soon', undefined, now)).toBeNull()
  expect(retryAfterMs(undefined, undefined, now)).toBeNull()
})

test("the time is the database's, however wrong this machine's clock is and wherever it jumps", () => {
  let monotonicMs = 5
  let wallMs = 1_000_000
  const clock = new DatabaseClock(
    () => monotonicMs,
    () => wallMs,
  )
  expect(clock.nowMs()).toBe(1_000_000)
  clock.set(400_000)
  monotonicMs += 250
  wallMs += 600_000
  expect(clock.nowMs()).toBe(400_250)
})

test('a body is well-formed JSON of bounded length, whatever a record brings', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('a', '\u0000', '\n', '\ud800', '\udfff', '\u2028', '"', 'é', '😀'),
  })
  fc.assert(
    fc.property(hostile, hostile, hostile, fc.nat(3), (id, code, message, times) => {
      const event = {
        ...{ event_id: 'x', sms_id: 1, customer_id: 'c', status: 'failed' as const, delivered_at: null },
        ...{ latency_ms: 1, occurred_at: '2026-11-23T12:00:00.000Z', attempt: 1, segments: 1 },
        ...{ operator: code, possible_duplicate: false, operator_message_id: id.repeat(1_000 * times) },
        ...{ error_code: code.repeat(1_000 * times), error_message: message.repeat(1_000 * times) },
      }
      const body = eventBody(event)
      expect(body.length).toBeLessThan(4_000)
      expect(body.isWellFormed()).toBe(true)
      expect(body).not.toMatch(/\\u|\\n/)
      expect(JSON.parse(body).data.sms_id).toBe(1)
    }),
  )
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

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTraceparent, traceparentOf } from './traceparent.ts'

const RECEIVED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const smsIds = fc.maxSafeNat().filter((id) => id > 0)

test('a trace that came with the message is kept', () => {
  expect(traceparentOf(7, RECEIVED)).toBe(RECEIVED)
})

test.each([
  ['', 'nothing'],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', 'a trace id of zeros'],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', 'a parent id of zeros'],
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'another version'],
  [`${RECEIVED}-x`, 'more behind it'],
  [` ${RECEIVED}`, 'something before it'],
  [RECEIVED.toUpperCase(), 'upper case'],
])('%j is no trace: %s', (received) => {
  expect(isTraceparent(received)).toBe(false)
  expect(traceparentOf(7, received)).toBe(traceparentOf(7, null))
})

test('zeros at one end of an id do not make it one of zeros', () => {
  expect(isTraceparent(`00-${'0'.repeat(31)}1-1${'0'.repeat(15)}-00`)).toBe(true)
  expect(isTraceparent(`00-1${'0'.repeat(31)}-${'0'.repeat(15)}1-00`)).toBe(true)
})

test('every message has a trace of its own that W3C takes', () => {
  fc.assert(
    fc.property(smsIds, smsIds, (a, b) => {
      const trace = traceparentOf(a, null)
      expect(isTraceparent(trace)).toBe(true)
      expect(trace.endsWith('-01')).toBe(true)
      const traceIdOf = (text: string): string => text.split('-')[1]!
      if (a !== b) expect(traceIdOf(trace)).not.toBe(traceIdOf(traceparentOf(b, null)))
    }),
  )
})

test('traces do not change from one version to the next: roles of both publish about one message', () => {
  expect([1, 9_876_543_210, Number.MAX_SAFE_INTEGER].map((id) => traceparentOf(id, null))).toEqual([
    '00-9941cd2d5169e62d0000000000000001-81a0fa3936deb503-01',
    '00-f750aaf8acab780e000000024cb016ea-64bd13d979afca7f-01',
    '00-a5bd3bb1e66d3b25001fffffffffffff-6eb20d9a3b66b2ab-01',
  ])
})

test('trace ids of neighbouring messages look random, as those that sample by them need', () => {
  const ids = Array.from({ length: 4_000 }, (_, n) => traceparentOf(1_000_000 + n, null).split('-')[1]!)
  for (let bit = 0; bit < 64; bit++) {
    const isSet = (id: string): boolean => ((Number.parseInt(id[bit >> 2]!, 16) >> (bit & 3)) & 1) === 1
    const share = ids.filter(isSet).length / ids.length
    // Seven times the standard deviation of a half over so many.
    expect(Math.abs(share - 0.5), `bit ${bit}`).toBeLessThan(0.055)
  }
})

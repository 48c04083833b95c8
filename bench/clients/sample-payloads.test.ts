import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { samplePayloads } from './sample-payloads.ts'

test.each([50, 325, 4_000])('payloads of %i bytes are lines of that length, the same each time', (bytes) => {
  const payloads = samplePayloads(bytes)
  expect(new Set(payloads.map((each) => Buffer.byteLength(each)))).toEqual(new Set([bytes]))
  expect(payloads.join('')).not.toContain('\n')
  expect(samplePayloads(bytes)).toEqual(payloads)
})

test('they compress as events do: well, and not to nothing', () => {
  const text = samplePayloads(325).join('')
  const share = deflateSync(text).length / text.length
  expect(share).toBeGreaterThan(0.2)
  expect(share).toBeLessThan(0.6)
})

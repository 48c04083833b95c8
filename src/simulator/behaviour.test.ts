import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSettings } from '../runtime/settings.ts'
import { treat } from './behaviour.ts'
import { simulatorSettings } from './config.ts'

const SHARES = {
  SIMULATOR_TEMPORARY_SHARE: '0.2',
  SIMULATOR_REJECTED_SHARE: '0.1',
  SIMULATOR_LOST_ANSWER_SHARE: '0.05',
  SIMULATOR_UNDELIVERED_SHARE: '0.3',
}

test('the same seed treats the same submit the same way, whatever came before', () => {
  const settings = readSettings(simulatorSettings, SHARES)
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), (message, attempt) => {
      const once = treat(settings, String(message), `${message}.${attempt}`)
      treat(settings, 'another', 'another.1')
      expect(treat(settings, String(message), `${message}.${attempt}`)).toEqual(once)
    }),
  )
})

test('what is rejected is rejected at every attempt, a temporary error is not', () => {
  const settings = readSettings(simulatorSettings, SHARES)
  const results = (message: number) =>
    [1, 2, 3, 4, 5].map((attempt) => treat(settings, `${message}`, `${message}.${attempt}`).result)
  for (let message = 0; message < 500; message++) {
    const all = new Set(results(message))
    if (all.has('rejected')) expect(all.size).toBe(1)
  }
  expect(Array.from({ length: 50 }, (_, message) => new Set(results(message)).size > 1)).toContain(true)
})

test('shares are what they say, and latencies half to twice the middle', () => {
  const settings = readSettings(simulatorSettings, { ...SHARES, SIMULATOR_LATENCY_MS: '100' })
  const treated = Array.from({ length: 20_000 }, (_, message) => treat(settings, `${message}`, `${message}.1`))
  const share = (is: (each: (typeof treated)[number]) => boolean): number => treated.filter(is).length / treated.length
  expect(share(({ result }) => result === 'rejected')).toBeCloseTo(0.1, 1)
  expect(share(({ result }) => result === 'temporary')).toBeCloseTo(0.18, 1)
  expect(share(({ result }) => result === 'taken-unanswered')).toBeCloseTo(0.045, 1)
  expect(share(({ delivered }) => !delivered)).toBeCloseTo(0.3, 1)
  for (const { latencyMs } of treated) {
    expect(latencyMs).toBeGreaterThanOrEqual(50)
    expect(latencyMs).toBeLessThanOrEqual(200)
  }
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSettings } from '../runtime/settings.ts'
import { type SubmitKey, treat } from './behaviour.ts'
import { behaviourSettings } from './config.ts'

const SHARES = {
  SIMULATOR_TEMPORARY_SHARE: '0.2',
  SIMULATOR_REJECTED_SHARE: '0.1',
  SIMULATOR_LOST_ANSWER_SHARE: '0.05',
  SIMULATOR_UNDELIVERED_SHARE: '0.3',
}

function key(message: number, attempt = 1, part = 1, parts = 1): SubmitKey {
  return { message: String(message), submit: `${message}.${attempt}.${part}`, part, parts }
}

test('the same seed treats the same submit the same way, whatever came before', () => {
  const settings = readSettings(behaviourSettings, SHARES)
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 9 }), (message, attempt) => {
      const once = treat(settings, key(message, attempt))
      treat(settings, { message: 'another', submit: 'another.1.1', part: 1, parts: 1 })
      expect(treat(settings, key(message, attempt))).toEqual(once)
    }),
  )
})

test('what is rejected is rejected at every attempt, a temporary error is not', () => {
  const settings = readSettings(behaviourSettings, SHARES)
  const fates = (message: number) => [1, 2, 3, 4, 5].map((attempt) => treat(settings, key(message, attempt)).fate)
  for (let message = 0; message < 500; message++) {
    const all = new Set(fates(message))
    if (all.has('rejected')) expect(all.size).toBe(1)
  }
  expect(Array.from({ length: 50 }, (_, message) => new Set(fates(message)).size > 1)).toContain(true)
})

test('shares are what they say, and latencies half to twice the middle', () => {
  const settings = readSettings(behaviourSettings, { ...SHARES, SIMULATOR_LATENCY_MS: '100' })
  const treated = Array.from({ length: 20_000 }, (_, message) => treat(settings, key(message)))
  const share = (is: (each: (typeof treated)[number]) => boolean): number => treated.filter(is).length / treated.length
  expect(share(({ fate }) => fate === 'rejected')).toBeCloseTo(0.1, 1)
  expect(share(({ fate }) => fate === 'temporary')).toBeCloseTo(0.18, 1)
  expect(share(({ fate }) => fate === 'taken-unanswered')).toBeCloseTo(0.045, 1)
  expect(share(({ final }) => final === 'UNDELIV:011')).toBeCloseTo(0.3, 1)
  for (const { latencyMs } of treated) {
    expect(latencyMs).toBeGreaterThanOrEqual(50)
    expect(latencyMs).toBeLessThanOrEqual(200)
  }
})

test('each misbehaviour has its share, and none takes from another', () => {
  const settings = readSettings(behaviourSettings, {
    SIMULATOR_CUT_SHARE: '0.1',
    SIMULATOR_CUT_UNTAKEN_SHARE: '0.1',
    SIMULATOR_GARBLED_SHARE: '0.1',
    SIMULATOR_THROTTLED_SHARE: '0.1',
    SIMULATOR_QUEUE_FULL_SHARE: '0.1',
    SIMULATOR_RECEIPT_EARLY_SHARE: '0.2',
    SIMULATOR_RECEIPT_TWICE_SHARE: '0.2',
    SIMULATOR_RECEIPT_NEVER_SHARE: '0.2',
  })
  const treated = Array.from({ length: 20_000 }, (_, message) => treat(settings, key(message)))
  const share = (is: (each: (typeof treated)[number]) => boolean): number => treated.filter(is).length / treated.length
  for (const fate of ['taken-cut', 'cut', 'taken-garbled', 'throttled', 'queue-full'] as const) {
    expect(share((each) => each.fate === fate)).toBeCloseTo(0.1, 1)
  }
  for (const receipt of ['early', 'twice', 'never'] as const) {
    expect(share((each) => each.receipt === receipt)).toBeCloseTo(0.2, 1)
  }
})

test('of a message that is not delivered at least one part is not, and parts differ', () => {
  const settings = readSettings(behaviourSettings, {
    SIMULATOR_UNDELIVERED_SHARE: '0.5',
    SIMULATOR_UNDELIVERED_AS: 'UNDELIV:011,EXPIRED:027',
  })
  let [undelivered, mixed] = [0, 0]
  const states = new Set<string>()
  for (let message = 0; message < 2_000; message++) {
    const finals = [1, 2, 3].map((part) => treat(settings, key(message, 1, part, 3)).final)
    for (const final of finals) states.add(final)
    if (finals.some((final) => final !== 'DELIVRD:000')) undelivered++
    if (new Set(finals).size > 1) mixed++
  }
  expect(undelivered / 2_000).toBeCloseTo(0.5, 1)
  expect(mixed).toBeGreaterThan(0)
  expect([...states].sort()).toEqual(['DELIVRD:000', 'EXPIRED:027', 'UNDELIV:011'])
})

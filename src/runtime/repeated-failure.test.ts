import { expect, test } from 'vitest'
import { RepeatedFailure } from './repeated-failure.ts'

function scripted() {
  const lines: string[] = []
  const clock = { nowMs: 0 }
  const log = {
    warn: (fields: { failures: number }, text: string) => lines.push(`${text} ${fields.failures}`),
    info: (_fields: object, text: string) => lines.push(text),
  }
  const failure = new RepeatedFailure({
    what: 'receipt lookup',
    log: log as never,
    waitMsFirst: 100,
    waitMsMax: 1_000,
    notReadyAfterMs: 5_000,
    now: () => clock.nowMs,
  })
  return { failure, lines, clock }
}

test('waits grow to their limit, and the log has the first failure and each doubling', () => {
  const { failure, lines } = scripted()
  const waits = Array.from({ length: 20 }, () => failure.failed(new Error('refused')))
  expect(waits[0]).toBeLessThanOrEqual(100)
  expect(waits.at(-1)).toBeGreaterThanOrEqual(500)
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
  expect(lines).toEqual([1, 2, 4, 8, 16].map((count) => `receipt lookup failed; retrying ${count}`))
})

test('a process is not ready while its work fails, and says why; a success ends that', () => {
  const { failure, lines, clock } = scripted()
  failure.check()
  failure.failed(new Error('refused'))
  failure.check()
  clock.nowMs = 7_000
  expect(failure.check).toThrow('receipt lookup has failed for 7 s: refused')
  failure.succeeded()
  failure.check()
  expect(lines.at(-1)).toBe('receipt lookup recovered')
})

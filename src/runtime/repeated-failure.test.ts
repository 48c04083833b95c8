import { expect, onTestFinished, test, vi } from 'vitest'
import { RepeatedFailure } from './repeated-failure.ts'

function scripted() {
  const lines: string[] = []
  const clock = { nowMs: 0 }
  const log = {
    warn: ({ failures, unlogged_failures }: { failures: number; unlogged_failures?: number }, text: string) =>
      lines.push(`${text} ${failures}${unlogged_failures ? `, ${unlogged_failures} before` : ''}`),
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

test('failures that come and go write a line in ten seconds, which says how many wrote none', () => {
  const { failure, lines, clock } = scripted()
  for (let times = 0; times < 1_000; times++) {
    failure.failed(new Error('refused'))
    failure.succeeded()
    clock.nowMs += 9
  }
  expect(lines).toEqual(['receipt lookup failed; retrying 1', 'receipt lookup recovered'])
  failure.failed(new Error('refused'))
  clock.nowMs = 10_000
  failure.failed(new Error('refused'))
  expect(lines.at(-1)).toBe('receipt lookup failed; retrying 2, 999 before')
})

test('a wall clock that steps neither ends nor begins an outage', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const failure = new RepeatedFailure({ what: 'receipt lookup', log: { warn() {}, info() {} } as never })
  failure.failed(new Error('refused'))
  vi.setSystemTime(Date.now() + 600_000)
  expect(failure.check).not.toThrow()
})

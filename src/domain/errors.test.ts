import { expect, test } from 'vitest'
import { PROBLEMS, Problem, type ProblemCode } from './errors.ts'

test('a problem has the status of its kind, what it points at, and when to try again', () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    expect(new Problem(code, 'why').status).toBe(PROBLEMS[code].status)
  }
  expect(new Problem('no-route', 'why')).toMatchObject({
    ...{ name: 'Problem', code: 'no-route', message: 'why', pointers: [], retryAfterSeconds: 1 },
  })
  const pointers = [{ pointer: '/to', detail: 'is missing' }]
  expect(new Problem('unavailable', 'why', pointers, 30)).toMatchObject({ pointers, retryAfterSeconds: 30 })
})

test('a problem costs no stack, and the errors that come after it have theirs', () => {
  const before = Error.stackTraceLimit
  expect(new Problem('internal', 'why').stack).not.toContain('\n')
  expect(Error.stackTraceLimit).toBe(before)
  expect(before).toBeGreaterThan(0)
})

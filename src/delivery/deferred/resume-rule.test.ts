import { expect, test } from 'vitest'
import { mayResume } from './resume-rule.ts'

test('a connection that takes messages resumes all, one that is probed a single task, an unavailable one what may go elsewhere', () => {
  const ready = { condition: 'ready', isProved: true } as const
  expect(mayResume(ready, false, 500)).toEqual({ tasksMax: 500, outdatedOnly: false })
  expect(mayResume({ ...ready, isProved: false }, true, 500)).toEqual({ tasksMax: 1, outdatedOnly: false })
  for (const condition of ['unbound', 'broken'] as const) {
    expect(mayResume({ condition, isProved: true }, false, 500)).toBeNull()
    expect(mayResume({ condition, isProved: true }, true, 500)).toEqual({ tasksMax: 500, outdatedOnly: true })
  }
  // It was removed: a newer revision says so.
  expect(mayResume(null, true, 500)).toEqual({ tasksMax: 500, outdatedOnly: true })
  expect(mayResume(null, false, 500)).toBeNull()
})

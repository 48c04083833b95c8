import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'

test('the row that PostgreSQL quotes in an error does not reach the log', () => {
  const lines: string[] = []
  const log = createLog('test', 'info', { write: (line) => void lines.push(line) })
  const detail = 'Failing row contains (1, +989121234567, Hello).'
  log.error({ err: Object.assign(new Error('violates a constraint'), { code: '23514', detail }) }, 'refused')
  expect(JSON.parse(lines[0]!)).toMatchObject({ err: { message: 'violates a constraint', code: '23514' } })
  expect(lines[0]).not.toContain('+989121234567')
})

test('a full disk under the log does not end the process', () => {
  const full = openSync('/dev/full', 'w')
  try {
    const log = join(import.meta.dirname, 'log.ts')
    const code = `const { createLog } = await import(${JSON.stringify(log)})
      const log = createLog('test')
      for (let line = 0; line < 10_000; line++) log.info({ filler: 'x'.repeat(500) }, 'a line')
      setTimeout(() => process.exit(7), 50)`
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', full, full],
    })
    expect(status).toBe(7)
  } finally {
    closeSync(full)
  }
})

import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

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

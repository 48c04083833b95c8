import { existsSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

test('a temporary folder is for this user alone, and goes', async () => {
  const { path, remove } = temporaryFolder('smsgw-unit')
  expect(statSync(path).mode & 0o777).toBe(0o700)
  await remove()
  expect(existsSync(path)).toBe(false)
})

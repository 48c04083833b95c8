import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { placeElsewhere } from './postgres/postgres-home.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('a temporary folder can be passed through by another user, and goes with what PostgreSQL put elsewhere', async () => {
  const { path, remove } = temporaryFolder('smsgw-unit')
  expect(statSync(path).mode & 0o777).toBe(0o711)
  const elsewhere = placeElsewhere(join(path, 'postgres'))
  mkdirSync(join(elsewhere, 'data'), { recursive: true })
  await remove()
  expect([path, dirname(elsewhere)].filter(existsSync)).toEqual([])
})

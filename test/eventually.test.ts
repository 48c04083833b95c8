import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, NeverHappenedError } from './servers/eventually.ts'

test('what is seen in time is returned', async () => {
  let looks = 0
  expect(
    await eventually(
      'a third look',
      () => ++looks,
      (seen) => seen === 3,
    ),
  ).toBe(3)
})

test('what does not happen is an error that names it and shows what was seen last', async () => {
  const failed = await eventually(
    'the outbox is empty',
    () => ({ rows: 7 }),
    ({ rows }) => rows === 0,
    50,
  ).catch((e) => e)
  expect(failed).toBeInstanceOf(NeverHappenedError)
  expect(failed.message).toMatch(/^waited 50 ms for: the outbox is empty\nlast seen \(look \d+\): \{ rows: 7 \}$/)
})

test('a value that is large is cut, and what looking throws is thrown', async () => {
  const large = eventually(
    'less',
    () => Array.from({ length: 90 }, () => 'x'.repeat(1_000)),
    () => false,
    1,
  )
  expect((await large.catch((error) => error)).message.length).toBeLessThan(2_100)
  const broken = () => {
    throw new Error('unavailable')
  }
  await expect(eventually('anything', broken, () => true)).rejects.toThrow('unavailable')
})

test('every wait is awaited: an error of one that is not would come too late for its test', () => {
  const root = join(import.meta.dirname, '..')
  const paths = ['src', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  const calls = paths
    .filter((path) => path.endsWith('.ts') && !/eventually(\.test)?\.ts$/.test(path))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return [...text.matchAll(/(\S+)\s+eventually\(/g)].map(([, before]) => ({ path, before }))
    })
  expect(calls.length).toBeGreaterThan(200)
  expect(calls.filter(({ before }) => !/(^|\()(await|return)$|=>$/.test(before!))).toEqual([])
})

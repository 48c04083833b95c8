import { expect, test } from 'vitest'
import { ReadTogether } from './read-together.ts'
import { WriteTogether } from './write-together.ts'

test('who is answered and asks for more at once is answered again', async () => {
  const together = new ReadTogether(async (keys: readonly number[]) => new Map(keys.map((key) => [key, -key])))
  expect(await together.get(1)).toBe(-1)
  expect(await together.get(2)).toBe(-2)
  const written: number[] = []
  const writing = new WriteTogether(async (items: readonly number[]) => void written.push(...items))
  await writing.add(1)
  await writing.add(2)
  expect(written).toEqual([1, 2])
})

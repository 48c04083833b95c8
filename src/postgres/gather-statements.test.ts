import { expect, test } from 'vitest'
import { ReadTogether } from './read-together.ts'
import { WriteTogether } from './write-together.ts'

test('a resolved caller that enqueues more synchronously is answered again', async () => {
  const together = new ReadTogether(async (keys: readonly number[]) => new Map(keys.map((key) => [key, -key])))
  expect(await together.get(1)).toBe(-1)
  expect(await together.get(2)).toBe(-2)
  const written: number[] = []
  const writing = new WriteTogether(async (items: readonly number[]) => void written.push(...items))
  await writing.add(1)
  await writing.add(2)
  expect(written).toEqual([1, 2])
})

test('a batch that fails for what it brings is taken apart; one that fails for another reason fails as a whole', async () => {
  const refused = Object.assign(new Error('invalid byte sequence'), { code: '22021' })
  const written: number[][] = []
  const writing = new WriteTogether(async (items: readonly number[]) => {
    if (items.some((item) => item < 0)) throw refused
    if (items.includes(13)) throw new Error('a slip')
    written.push([...items])
  })
  const add = (items: number[]) => Promise.allSettled([0, ...items].map((item) => writing.add(item)))
  const results = await add([1, 2, -1, 4, 5, -2, 7, 8])
  expect(results.flatMap((each, index) => (each.status === 'rejected' ? [index, each.reason] : []))).toEqual([
    ...[3, refused, 6, refused],
  ])
  expect(written.flat()).toEqual([0, 1, 2, 4, 5, 7, 8])
  await expect(writing.add(13)).rejects.toThrow('a slip')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isolateFailures } from './isolate-failures.ts'

class BadItemError extends Error {}

const isItemFault = (error: unknown): boolean => error instanceof BadItemError

test('each good item is applied once, in order, and each bad one is isolated', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (isBad) => {
      const applied: number[] = []
      const results = await isolateFailures([...isBad.keys()], {
        apply: async (items) => {
          if (items.some((item) => isBad[item])) throw new BadItemError()
          applied.push(...items)
          return items.map((item) => `ok ${item}`)
        },
        isItemFault,
        isolated: (item) => `bad ${item}`,
      })
      expect(results).toEqual(isBad.map((bad, item) => `${bad ? 'bad' : 'ok'} ${item}`))
      expect(applied).toEqual([...isBad.keys()].filter((item) => !isBad[item]))
    }),
  )
})

test('one bad item among a thousand costs a few tries', async () => {
  let tries = 0
  await isolateFailures([...Array(1_000).keys()], {
    apply: async (items) => {
      tries++
      if (items.includes(617)) throw new BadItemError()
      return items
    },
    isItemFault,
    isolated: () => -1,
  })
  expect(tries).toBeLessThanOrEqual(21)
})

test('what is no fault of an item is thrown at once', async () => {
  let tries = 0
  const down = new Error('connection refused')
  const apply = async (): Promise<never> => {
    tries++
    throw down
  }
  const isolated = (): never => expect.unreachable()
  await expect(isolateFailures([1, 2, 3], { apply, isItemFault, isolated })).rejects.toBe(down)
  expect(tries).toBe(1)
})

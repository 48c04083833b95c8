import { expect, test } from 'vitest'
import { RoundLoop } from './round-loop.ts'

const LONG_MS = 3_600_000

test('rounds follow each other, at once where there is no sleep between them, and start once', async () => {
  let rounds = 0
  const loop = new RoundLoop(async () => (++rounds < 3 ? 0 : LONG_MS))
  loop.start()
  loop.start()
  await expect.poll(() => rounds).toBe(3)
  await loop.stop()
  expect(rounds).toBe(3)
})

test('stopping waits for the round under way, whose pauses end, and for no sleep', async () => {
  const seen: string[] = []
  const loop = new RoundLoop(async () => {
    seen.push('begun')
    await loop.pause(LONG_MS)
    seen.push(`over ${loop.isStopping}`)
    await loop.pause(LONG_MS)
    return LONG_MS
  })
  loop.start()
  await loop.stop()
  expect(seen).toEqual(['begun', 'over true'])
})

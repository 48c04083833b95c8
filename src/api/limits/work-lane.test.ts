import { expect, test } from 'vitest'
import { WorkLane } from './work-lane.ts'

/** Work that keeps the event loop busy. */
function spin(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('results are in order, however the work is cut', async () => {
  const lane = new WorkLane()
  const slow = (n: number): number => {
    spin(0.2)
    return n * 2
  }
  const all = await Promise.all(['a', 'b', 'a'].map((customer) => lane.map(customer, numbers(40), slow)))
  for (const results of all) expect(results).toEqual(numbers(40).map((n) => n * 2))
  expect(await lane.map('a', [], slow)).toEqual([])
})

test('the event loop turns between slices, and a short piece of work is done at once', async () => {
  const lane = new WorkLane()
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const long = lane.map('greedy', numbers(100), () => spin(0.5))
  let isDone = false
  void lane
    .map('other', [1], () => {})
    .then(() => {
      isDone = true
    })
  await Promise.resolve()
  await Promise.resolve()
  await Promise.resolve()
  expect(isDone).toBe(true)
  await long
  clearInterval(timer)
  expect(turns).toBeGreaterThan(10)
})

test('customers are served round-robin: a late one with little work does not wait for all the work of another', async () => {
  const lane = new WorkLane()
  const done: string[] = []
  const run = (customer: string, count: number) =>
    lane.map(customer, numbers(count), () => spin(0.5)).then(() => done.push(customer))
  const greedy = numbers(5).map(() => run('greedy', 60))
  await Promise.all([...greedy, run('modest', 10)])
  expect(done[0]).toBe('modest')
})

test('work that throws fails alone', async () => {
  const lane = new WorkLane()
  const failing = lane.map('a', numbers(50), (n) => {
    spin(0.2)
    if (n === 30) throw new Error('broken')
    return n
  })
  const next = lane.map('a', numbers(20), (n) => n)
  await expect(failing).rejects.toThrow('broken')
  expect(await next).toEqual(numbers(20))
})

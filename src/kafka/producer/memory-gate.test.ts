import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BufferFullError } from '../errors.ts'
import { MemoryGate } from './memory-gate.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const OWNER = {}
const enter = (gate: MemoryGate, bytes: number, owner = OWNER): Promise<void> =>
  gate.enter(bytes, owner, async () => {})

test('a caller without room queues and enters in order, as soon as there is room for the first', async () => {
  const gate = new MemoryGate(100, 1_000)
  const entered: string[] = []
  const enter = (name: string, bytes: number): Promise<unknown> =>
    gate.enter(bytes, OWNER, async () => entered.push(name))
  expect(gate.tryEnter(60)).toBe(true)
  expect(gate.tryEnter(60)).toBe(false)
  const all = [enter('a', 60), enter('b', 30)]
  // There is room for this one, but it came later.
  expect(gate.tryEnter(10)).toBe(false)
  gate.leave(60)
  // At once: no later caller could have entered before.
  expect(entered).toEqual(['a', 'b'])
  await Promise.all(all)
  expect(gate).toMatchObject({ bytes: 90, waiting: 0 })
  expect(vi.getTimerCount()).toBe(0)
})

test('when the first has waited for too long, all behind it are refused with it, and later callers may wait', async () => {
  const gate = new MemoryGate(100, 1_000)
  gate.tryEnter(100)
  const first = enter(gate, 10)
  vi.advanceTimersByTime(600)
  const second = enter(gate, 10)
  const refused = Promise.allSettled([first, second])
  vi.advanceTimersByTime(400)
  expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(second).rejects.toBeInstanceOf(BufferFullError)
  const third = enter(gate, 10)
  vi.advanceTimersByTime(999)
  gate.leave(100)
  await third
  expect(gate).toMatchObject({ bytes: 10, waiting: 0 })
})

test('the line holds as much as the room, and refuses at once what comes then, however small', async () => {
  const gate = new MemoryGate(100, 1_000)
  gate.tryEnter(100)
  const inLine = enter(gate, 120)
  await expect(enter(gate, 1)).rejects.toThrow('1 records wait')
  gate.leave(100)
  await inLine
  expect(gate.bytes).toBe(120)
})

test('callers of one owner are refused with their error, and the others keep their places', async () => {
  const gate = new MemoryGate(100, 1_000)
  gate.tryEnter(100)
  const other = {}
  const mine = Promise.allSettled([enter(gate, 50), enter(gate, 40)])
  const others = enter(gate, 100, other)
  gate.refuse(OWNER, new Error('failed before'))
  expect((await mine).map((result) => (result as PromiseRejectedResult).reason.message)).toEqual([
    'failed before',
    'failed before',
  ])
  gate.leave(100)
  await others
  expect(gate).toMatchObject({ bytes: 100, waiting: 0 })
})

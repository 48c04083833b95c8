import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Pool } from '../../postgres/pool.ts'
import { SlotGate } from './slot-gate.ts'

const SLOT_MS = 10
const ANSWER_MS = 5

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A database that deals slots to one worker, until it is unavailable. */
function database() {
  const asked: number[] = []
  const state = { isUnavailable: false, lateMs: 0, nextMs: 0 }
  const query = async ({ values }: { values: [string, number, number, number] }): Promise<object> => {
    const [, slots, , leadMs] = values
    asked.push(slots)
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS))
    if (state.isUnavailable) throw new Error('unavailable')
    state.nextMs = Math.max(state.nextMs, Date.now() + leadMs) + slots * SLOT_MS
    const answer = { rows: [{ end_ms: state.nextMs, slot_ms: SLOT_MS, now_ms: Date.now() }] }
    await new Promise((resolve) => setTimeout(resolve, state.lateMs))
    return answer
  }
  return { asked, state, pool: { query } as unknown as Pool }
}

function gateOf(pool: Pool): SlotGate {
  const counted = (): void => {}
  return new SlotGate({ pool, operator: 'o', perSecond: 1_000 / SLOT_MS, failed: () => {}, counted }, () => {})
}

/** A worker that is frozen while these messages have their slots; nothing else waits. Fills in their results. */
async function missAll(gate: SlotGate, messages: number): Promise<readonly boolean[]> {
  expect(gate.take(1, messages)).toBeNull()
  await vi.advanceTimersByTimeAsync(2 * ANSWER_MS)
  const permits = Array.from({ length: messages }, (_, index) => gate.take(1, messages - index)!)
  vi.setSystemTime(Date.now() + 1_000)
  const results: boolean[] = []
  for (const permit of permits) void permit.due().then((isDue) => results.push(isDue))
  return results
}

test('parts that missed their slots one after another all get others, though nothing else waits', async () => {
  const { pool } = database()
  const gate = gateOf(pool)
  const results = await missAll(gate, 3)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(results).toEqual([true, true, true])
  gate.stop()
})

test('parts that missed their slots are not sent when none are to be had', async () => {
  const { pool, state } = database()
  const gate = gateOf(pool)
  const results = await missAll(gate, 3)
  state.isUnavailable = true
  await vi.advanceTimersByTimeAsync(1_000)
  expect(results).toEqual([false, false, false])
  gate.stop()
})

test('a part that misses one slot after another is given up after a while, and takes no more', async () => {
  const { pool, state, asked } = database()
  const gate = gateOf(pool)
  const results = await missAll(gate, 1)
  // Each answer comes after the slot that it is about.
  state.lateMs = 300
  await vi.advanceTimersByTimeAsync(10_000)
  expect(results).toEqual([false])
  expect(asked.length).toBeLessThan(10)
  gate.stop()
})

import { expect, onTestFinished, test } from 'vitest'
import type { Permit } from '../../src/delivery/pace/gate.ts'
import { SlotGate } from '../../src/delivery/pace/slot-gate.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshDatabase, uniqueName } from '../servers/fixtures.ts'

const PER_SECOND = 100
const SECONDS = 6

/** A worker that always has messages waiting, and notes when it might submit. */
class GreedyWorker {
  readonly gate: SlotGate
  readonly submits: number[]
  #stopped = false
  #underWay = 0

  constructor(pool: Pool, operator: string, submits: number[]) {
    this.submits = submits
    const parts = {
      pool,
      operator,
      perSecond: PER_SECOND,
      failed: (error: unknown) => {
        throw error
      },
      counted: () => {},
    }
    this.gate = new SlotGate(parts, () => this.#pump())
    this.#pump()
  }

  stop(): void {
    this.#stopped = true
    this.gate.stop()
  }

  #pump(): void {
    while (!this.#stopped && this.#underWay < 200) {
      const permit = this.gate.take(1, 1_000)
      if (!permit) return
      this.#underWay++
      void this.#submit(permit)
    }
  }

  async #submit(permit: Permit): Promise<void> {
    if (await permit.due()) this.submits.push(Date.now())
    this.#underWay--
    this.#pump()
  }
}

/** The most in any second, and in how many per cent of the slots of the time there was a submit. */
function judge(submits: readonly number[]): { most: number; usedPercent: number } {
  const times = submits.toSorted((a, b) => a - b)
  let most = 0
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= 1_000) first++
    most = Math.max(most, last - first + 1)
  }
  const seconds = (times.at(-1)! - times[0]!) / 1_000
  return { most, usedPercent: (100 * times.length) / (PER_SECOND * seconds) }
}

const submitted = (submits: readonly number[], count: number): Promise<number> =>
  eventually(
    `${count} messages are submitted`,
    () => submits.length,
    (length) => length >= count,
  )

test('four workers that come and go never take more than the pace in any second', async () => {
  const pool = await freshDatabase()
  const operator = uniqueName('operator')
  const submits: number[] = []
  const workers: GreedyWorker[] = []
  onTestFinished(() => {
    for (const worker of workers) worker.stop()
  })
  const join = (): void => void workers.push(new GreedyWorker(pool, operator, submits))
  const until = (count: number): Promise<number> => submitted(submits, count)
  join()
  join()
  await until(PER_SECOND)
  join()
  await until(2 * PER_SECOND)
  workers.shift()!.stop()
  join()
  await until(3 * PER_SECOND)
  workers.shift()!.stop()
  await until(4 * PER_SECOND)
  join()
  join()
  await until(SECONDS * PER_SECOND)
  const { most, usedPercent } = judge(submits)
  console.info(`at most ${most} in a second of ${PER_SECOND}; ${usedPercent.toFixed(1)}% of the pace used`)
  // A slot that is more than 20 ms late is not used, so that holds on the slowest machine.
  expect(most).toBeLessThanOrEqual(1.05 * PER_SECOND)
})

test('a throttled operator is given less, and then more again', async () => {
  const pool = await freshDatabase()
  const operator = uniqueName('operator')
  const submits: number[] = []
  const worker = new GreedyWorker(pool, operator, submits)
  onTestFinished(() => worker.stop())
  await submitted(submits, 20)
  const permille = async (): Promise<number> => {
    const { rows } = await pool.query<{ permille: number }>('SELECT permille FROM operator_pace WHERE operator = $1', [
      operator,
    ])
    return rows[0]!.permille
  }
  for (let answers = 0; answers < 10; answers++) worker.gate.throttled()
  await eventually('the pace is lowered', permille, (now) => now !== 1_000)
  // Ten answers at once are one event.
  expect(await permille()).toBeCloseTo(700, -1)
  const seconds = submits.length
  await submitted(submits, seconds + 20)
  await pool.query("UPDATE operator_pace SET throttled_at = now() - interval '2 seconds' WHERE operator = $1", [
    operator,
  ])
  worker.gate.throttled()
  // Two seconds gave back 200; seventy per cent of that is left.
  await expect.poll(permille).toBeCloseTo(630, -2)
})

test('while the database is unavailable no message gets a slot, and when it is back the gate says so', async () => {
  const pool = await freshDatabase()
  const faults: unknown[] = []
  const permits: Permit[] = []
  let isUnavailable = true
  const query = (...args: Parameters<Pool['query']>) =>
    isUnavailable ? Promise.reject(new Error('unavailable')) : pool.query(...args)
  const ask = (): void => {
    const permit = gate.take(1, 1)
    if (permit) permits.push(permit)
    if (faults.length > 1) isUnavailable = false
  }
  const gate = new SlotGate(
    {
      pool: { query } as Pool,
      operator: uniqueName('operator'),
      perSecond: PER_SECOND,
      failed: (error) => faults.push(error),
      counted: () => {},
    },
    ask,
  )
  onTestFinished(() => gate.stop())
  ask()
  await eventually(
    'a permit is granted',
    () => permits.length,
    (count) => count > 0,
  )
  expect(faults.length).toBeGreaterThan(1)
  expect(await permits[0]!.due()).toBe(true)
})

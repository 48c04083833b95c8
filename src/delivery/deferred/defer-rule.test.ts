import fc from 'fast-check'
import { expect, test } from 'vitest'
import { awaitMs, dueBehind, dueOf, type Predecessor, shouldAwait, shouldDefer } from './defer-rule.ts'

/** A row of a deferred task, as far as order is concerned. */
interface DeferredRow extends Predecessor {
  readonly smsId: number
  readonly lane: string
  /** Its place in the lane; kept when the task is deferred again. */
  readonly seq: number
}

/**
 * What the statement in `delay-statements.ts` finds: what a task must not overtake is the last row in its lane before its
 * own, or before all that come if it has none.
 */
function predecessorOf(rows: readonly DeferredRow[], smsId: number, lane: string): DeferredRow | null {
  const own = rows.find((row) => row.smsId === smsId)
  const before = rows.filter((row) => row.lane === lane && row.smsId !== smsId && (!own || row.seq < own.seq))
  return before.reduce<DeferredRow | null>((last, row) => (last && last.seq > row.seq ? last : row), null)
}

test('long waits leave memory, short ones do not, and none outlasts the validity', () => {
  const rules = { deferMs: 60_000, deferAfterMs: 3_000 }
  expect(shouldDefer(70_001, 10_000, rules)).toBe(true)
  expect(shouldDefer(70_000, 10_000, rules)).toBe(false)
  expect([3_000, 3_001].map((unavailableMs) => shouldAwait(unavailableMs, rules))).toEqual([false, true])
  expect(dueOf(500, null, 100)).toBe(500)
  expect(dueOf(500, 300, 100)).toBe(300)
  // It is final already: what is waited for is not an attempt.
  expect(dueOf(500, 100, 100)).toBe(500)
})

test('a task that is not resumed looks again ever more rarely', () => {
  const waits = [0, 100_000, 3_600_000]
  expect(waits.map((waitedMs) => awaitMs(waitedMs, false, 0.5))).toEqual([60_000, 100_000, 600_000])
  expect(waits.map((waitedMs) => awaitMs(waitedMs, true, 0.5))).toEqual([600_000, 600_000, 600_000])
  expect([0, 0.9].map((spread) => awaitMs(0, false, spread))).toEqual([45_000, 72_000])
})

test('behind one that waits: with it; behind one on its way: ever more rarely', () => {
  expect(dueBehind({ dueMs: 900, releasedMs: null }, null, 100)).toBe(900)
  expect(dueBehind({ dueMs: 50, releasedMs: null }, null, 100)).toBe(100)
  expect(dueBehind({ dueMs: 900, releasedMs: null }, 400, 100)).toBe(400)
  expect(dueBehind({ dueMs: 0, releasedMs: 90_000 }, null, 100_000)).toBe(105_000)
  expect(dueBehind({ dueMs: 0, releasedMs: 99_999 }, null, 100_000)).toBe(101_000)
  expect(dueBehind({ dueMs: 0, releasedMs: 0 }, null, 1_000_000)).toBe(1_060_000)
})

interface Task {
  readonly lane: string
  /** How often it has to wait, and each time for how long. */
  readonly waits: number[]
  readonly validUntilMs: number | null
}

/** The table, the partition and the worker, as far as the rule sees them. */
class Gateway {
  readonly sent: number[] = []
  readonly #tasks: readonly Task[]
  readonly #rows = new Map<number, DeferredRow>()
  readonly #log: number[]
  readonly #over = new Set<number>()
  #nowMs = 0
  #seq = 0
  #offset = 0

  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks
    this.#log = tasks.map((_, smsId) => smsId)
  }

  get isAllOver(): boolean {
    return this.#over.size === this.#tasks.length
  }

  /** Takes the next record, if there is one. */
  handle(): void {
    const smsId = this.#log[this.#offset]
    if (smsId === undefined) return
    this.#offset++
    const { lane, waits, validUntilMs } = this.#tasks[smsId]!
    const isValid = validUntilMs === null || validUntilMs > this.#nowMs
    const before = predecessorOf([...this.#rows.values()], smsId, lane)
    const waitMs = isValid && !this.#over.has(smsId) && !before ? waits.shift() : undefined
    if (before && isValid) {
      this.#put(smsId, dueBehind(before, validUntilMs, this.#nowMs))
    } else if (waitMs !== undefined) {
      this.#put(smsId, dueOf(this.#nowMs + waitMs, validUntilMs, this.#nowMs))
    } else {
      if (isValid && !this.#over.has(smsId)) this.sent.push(smsId)
      this.#over.add(smsId)
      this.#rows.delete(smsId)
    }
  }

  /** A worker dies: what was not committed comes again. */
  crash(uncommitted: number): void {
    this.#offset = Math.max(0, this.#offset - uncommitted)
  }

  /** Time goes on, and the relay releases some of what is due, the earliest first. */
  release(passMs: number, rowsMax: number): void {
    this.#nowMs += passMs
    const due = [...this.#rows.values()]
      .filter(({ dueMs, releasedMs }) => releasedMs === null && dueMs <= this.#nowMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.seq - b.seq)
    for (const row of due.slice(0, rowsMax)) {
      this.#rows.set(row.smsId, { ...row, releasedMs: this.#nowMs })
      this.#log.push(row.smsId)
    }
  }

  #put(smsId: number, dueMs: number): void {
    const seq = this.#rows.get(smsId)?.seq ?? ++this.#seq
    this.#rows.set(smsId, { smsId, lane: this.#tasks[smsId]!.lane, dueMs, releasedMs: null, seq })
  }
}

const task = fc.record({
  lane: fc.constantFrom('a', 'b'),
  waits: fc.array(fc.integer({ min: 1, max: 500_000 }), { maxLength: 3 }),
  validUntilMs: fc.option(fc.integer({ min: 1, max: 800_000 })),
})
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'handle' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), uncommitted: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      passMs: fc.nat(200_000),
      rowsMax: fc.integer({ min: 1, max: 3 }),
    }),
  },
)

test('whatever has to wait, expires, crashes or is released when: no lane is overtaken, and all come to an end', () => {
  fc.assert(
    fc.property(fc.array(task, { minLength: 2, maxLength: 8 }), fc.array(step, { maxLength: 120 }), (tasks, steps) => {
      const gateway = new Gateway(structuredClone(tasks))
      for (const each of steps) {
        if (each.kind === 'handle') gateway.handle()
        if (each.kind === 'crash') gateway.crash(each.uncommitted)
        if (each.kind === 'release') gateway.release(each.passMs, each.rowsMax)
      }
      for (let left = 2_000; left > 0 && !gateway.isAllOver; left--) {
        gateway.handle()
        gateway.release(5_000, 3)
      }
      expect(gateway.isAllOver).toBe(true)
      for (const lane of ['a', 'b']) {
        const sent = gateway.sent.filter((smsId) => tasks[smsId]!.lane === lane)
        expect(sent).toEqual([...sent].sort((a, b) => a - b))
      }
    }),
    { numRuns: 300 },
  )
})

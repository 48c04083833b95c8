import { ExpectedError } from '../../../src/runtime/expected-error.ts'
import { SeededRandom } from '../../gateway/seeded-random.ts'
import type { Fault } from '../faults/fault.ts'

/** A fault with whom it hits, how long it lasts, and how long the system is left alone afterwards. */
export interface PlannedFault {
  readonly fault: Fault
  readonly target: string
  readonly holdMs: number
  readonly pauseMs: number
}

export interface PlanOptions {
  readonly seed: number
  readonly faults: number
  readonly extent: 'quick' | 'full'
  /** Codes or names; all kinds when empty. */
  readonly only: readonly string[]
}

const PAUSE_MS: Fault['holdMs'] = { quick: [500, 1_000], full: [1_000, 6_000] }

/** The kinds that are named by code or name; all of them when nothing is. Throws ExpectedError for an unknown one. */
export function chooseKinds(kinds: readonly Fault[], only: readonly string[]): readonly Fault[] {
  if (only.length === 0) return kinds
  const unknown = only.find((word) => !kinds.some(({ code, name }) => code === word || name === word))
  if (unknown !== undefined) throw new ExpectedError(`There is no fault "${unknown}"; --help lists them.`)
  return kinds.filter(({ code, name }) => only.includes(code) || only.includes(name))
}

/**
 * The faults of a campaign. It goes through all kinds in a shuffled order before any comes again, so that each has its
 * share; the same seed draws the same plan. Throws ExpectedError when `only` names a kind that there is not.
 */
export function drawPlan(kinds: readonly Fault[], options: PlanOptions): PlannedFault[] {
  const { seed, faults, extent, only } = options
  const random = new SeededRandom(seed)
  const chosen = chooseKinds(kinds, only)
  const plan: PlannedFault[] = []
  while (plan.length < faults) {
    for (const fault of random.shuffled(chosen)) {
      if (plan.length === faults) break
      plan.push({
        fault,
        target: random.pick(fault.targets),
        holdMs: random.between(...fault.holdMs[extent]),
        pauseMs: random.between(...PAUSE_MS[extent]),
      })
    }
  }
  return plan
}

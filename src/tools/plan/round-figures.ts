/**
 * How the planner rounds. Each figure is calculated from those that are shown before it, so that a check of the plan by
 * hand gives the same numbers.
 */

/** Whole from ten on, two significant figures below that. */
export function asShown(value: number): number {
  return value >= 10 ? Math.round(value) : Number(value.toPrecision(2))
}

/** Two significant figures, never less than the value: 1,157 is planned as 1,200. */
export function upToTwoFigures(value: number): number {
  return toTwoFigures(value, Math.ceil)
}

/** Two significant figures, never more than the value: 124,137,931 is promised as 120,000,000. */
export function downToTwoFigures(value: number): number {
  return toTwoFigures(value, Math.floor)
}

/** Without the last digits, in which 0.1 + 0.2 differs from 0.3. */
export function exactly(value: number): number {
  return Number(value.toPrecision(12))
}

/** The least whole number of units that take the load, however small it is. */
export function unitsFor(load: number, each: number): number {
  return Math.max(1, Math.ceil(exactly(load / each)))
}

function toTwoFigures(value: number, round: (value: number) => number): number {
  if (value === 0 || !Number.isFinite(value)) return value
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return exactly(round(exactly(value / unit)) * unit)
}

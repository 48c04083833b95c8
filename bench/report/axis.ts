/** An axis of a chart. Logarithmic ones are for values above 0 that span orders of magnitude. */
export interface Axis {
  readonly label: string
  readonly scale?: 'linear' | 'log'
  /** Begins at 0 by default; only of linear axes. */
  readonly fromZero?: false
  /** Names at places instead of numbers. */
  readonly names?: readonly (readonly [at: number, name: string])[]
}

export interface Scale {
  readonly ticks: readonly (readonly [at: number, text: string])[]
  /** Where a value lies, from 0 at the axis' beginning to 1 at its end. */
  place(value: number): number
}

const TICKS_ABOUT = 5

/** Fits an axis to values: it begins and ends at a tick and holds all of them. */
export function fitScale(axis: Axis, values: readonly number[]): Scale {
  return axis.scale === 'log' ? logScale(axis, values) : linearScale(axis, values)
}

function linearScale(axis: Axis, values: readonly number[]): Scale {
  const least = axis.fromZero === false ? Math.min(...values) : Math.min(0, ...values)
  const most = Math.max(...values)
  const step = roundStep((most - least || Math.abs(most) || 1) / TICKS_ABOUT)
  const first = Math.floor(least / step)
  const last = Math.max(first + 1, Math.ceil(most / step))
  const at = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
  const [from, to] = [first * step, last * step]
  return { ticks: named(axis, at), place: (value) => (value - from) / (to - from) }
}

function logScale(axis: Axis, values: readonly number[]): Scale {
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))))
  const at = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
  return { ticks: named(axis, at), place: (value) => (Math.log10(value) - first) / (last - first) }
}

function named(axis: Axis, at: readonly number[]): [number, string][] {
  return axis.names ? axis.names.map(([place, name]) => [place, name]) : at.map((value) => [value, shortNumber(value)])
}

/** The next of 1, 2, 5, 10, 20, 50 … that is not smaller. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const digit = [1, 2, 5, 10].find((each) => each * power >= least * (1 - 1e-9))!
  return digit * power
}

/** 20k for 20,000, 1.5M for 1,500,000. */
export function shortNumber(value: number): string {
  const short = (number: number): string => String(Number(number.toPrecision(3)))
  if (Math.abs(value) >= 1e6) return `${short(value / 1e6)}M`
  if (Math.abs(value) >= 1e4) return `${short(value / 1e3)}k`
  return short(value)
}

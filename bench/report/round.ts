/** A number as it is shown, to so many digits behind the point. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

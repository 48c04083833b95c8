/** Texts as the list of an SQL `IN`. For constants of the code: it throws a RangeError for one with a quote. */
export function textList(values: readonly string[]): string {
  const bad = values.find((value) => value.includes("'"))
  if (bad !== undefined || values.length === 0) throw new RangeError(`not the texts of an SQL list: ${values.join()}`)
  return `(${values.map((value) => `'${value}'`).join(', ')})`
}

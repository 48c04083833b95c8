/** Prints rows under their headings, numbers to the right, as tables of Kafka's own tools look. */
export function printTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => String(row[column]).length)),
  )
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, column) =>
        typeof cell === 'number' ? String(cell).padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd()
  console.log(line(headings))
  for (const row of rows) console.log(line(row))
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LineChart, renderLineChart } from './line-chart.ts'
import { describeMachine, describeVersions } from './machine.ts'

export interface Table {
  readonly headings: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** What a benchmark found. */
export interface Report {
  /** Its file is called so; what was measured before under this name is replaced. */
  readonly name: string
  readonly tables: readonly Table[]
  /** What was asked for. */
  readonly options: object
  readonly result: object
  /** By what their names have in addition to the report's. */
  readonly charts?: Readonly<Record<string, LineChart>>
}

/** Keeps a report with the machine and the versions that it was measured with, and draws its charts. */
export function saveReport(folder: string, report: Report): { document: object; files: string[] } {
  const { name, options, result, charts = {} } = report
  const document = {
    name,
    at: new Date().toISOString(),
    machine: describeMachine(),
    versions: describeVersions(),
    options,
    result,
  }
  mkdirSync(folder, { recursive: true })
  const files = [join(folder, `${name}.json`)]
  writeFileSync(files[0]!, `${JSON.stringify(document, null, 2)}\n`)
  for (const [suffix, chart] of Object.entries(charts)) {
    const file = join(folder, suffix === '' ? `${name}.svg` : `${name}-${suffix}.svg`)
    writeFileSync(file, renderLineChart(chart))
    files.push(file)
  }
  return { document, files }
}

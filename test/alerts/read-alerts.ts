import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const ROOT = join(import.meta.dirname, '../..')
export const PROMETHEUS = join(ROOT, 'deploy/prometheus')

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly Alert[] }[]
}

export interface AlertTest {
  readonly alertname: string
  readonly exp_alerts: readonly unknown[]
}

interface TestFile {
  readonly tests: readonly { readonly alert_rule_test: readonly AlertTest[] }[]
}

export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
}

/** All alerts that are shipped. */
export function readAlerts(): Alert[] {
  const files = filesIn(PROMETHEUS, '.rules.yml').map((path) => parse(readFileSync(path, 'utf8')) as RuleFile)
  return files.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
}

export function readAlertTests(): AlertTest[] {
  const files = filesIn(join(PROMETHEUS, 'tests'), '.test.yml')
  const read = files.map((path) => parse(readFileSync(path, 'utf8')) as TestFile)
  return read.flatMap(({ tests }) => tests.flatMap((each) => each.alert_rule_test))
}

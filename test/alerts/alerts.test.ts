import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LAG_CRITICAL, LAG_WARNING, SECONDS_CRITICAL, SECONDS_WARNING } from '../../src/monitor/lag/lag-rules.ts'
import { gatewayDashboard } from '../../src/tools/dashboards/gateway-dashboard.ts'
import { exportedMetrics, metricsIn } from './exported-metrics.ts'
import { ROOT, readAlerts, readAlertTests } from './read-alerts.ts'

const alerts = readAlerts()

test('every alert has a runbook, which its annotation names, and says how bad it is', () => {
  expect(alerts.length).toBeGreaterThan(20)
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
  for (const { alert, labels, annotations } of alerts) {
    expect(annotations.runbook_url).toBe(`docs/operations/${alert}.md`)
    expect(existsSync(join(ROOT, annotations.runbook_url)), annotations.runbook_url).toBe(true)
    const runbook = readFileSync(join(ROOT, annotations.runbook_url), 'utf8')
    for (const part of [`# ${alert}`, annotations.summary, '## What it means', '## Look', '## Do']) {
      expect(runbook, alert).toContain(part)
    }
    expect(['critical', 'warning', 'info']).toContain(labels.severity)
    expect(annotations.summary, 'values belong into the description').not.toContain('{{')
  }
})

test('for every alert there is a situation in which it fires and one in which it stays silent', () => {
  const tests = readAlertTests()
  const of = (fires: boolean) =>
    new Set(tests.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname))
  const names = new Set(alerts.map(({ alert }) => alert))
  expect(of(true)).toEqual(names)
  expect(of(false)).toEqual(names)
})

test('alerts on lag fire at the thresholds of `smsgw lag`, for whole groups', () => {
  const exprOf = (name: string): string => alerts.find(({ alert }) => alert === name)!.expr
  const groupLag = 'sum by (group) (max by (group, topic) (kafka_consumer_lag))'
  expect(exprOf('HighConsumerLag')).toBe(`${groupLag} > ${LAG_CRITICAL}`)
  expect(exprOf('SmsGwLagKeepsIncreasing')).toContain(`${groupLag} >= ${LAG_WARNING}`)
  const seconds = 'max by (group, topic) (kafka_consumer_lag_seconds)'
  expect(exprOf('SmsGwLagSecondsHigh')).toBe(`${seconds} >= ${SECONDS_CRITICAL}`)
  expect(exprOf('SmsGwLagSecondsElevated')).toBe(`${seconds} >= ${SECONDS_WARNING}`)
})

test('rules and dashboard name only metrics that are exported', () => {
  const exported = exportedMetrics()
  const { panels } = gatewayDashboard() as { panels: readonly { targets?: readonly { expr: string }[] }[] }
  const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const named = [...alerts.map(({ expr }) => expr), ...shown].flatMap(metricsIn)
  expect(named).toContain('kafka_consumer_lag')
  expect([...new Set(named)].filter((name) => !exported.has(name))).toEqual([])
})

test('the dashboard that is shipped is the one that the code makes', () => {
  const shipped: unknown = JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/smsgw.json'), 'utf8'))
  expect(shipped, 'run `npm run dashboards`').toEqual(gatewayDashboard())
})

test('metrics are found in what an expression reads, and nothing else is', () => {
  const expr = 'sum by (le, a) (rate(x_bucket{job="y"}[5m])) / on (b) group_left () max(z) > 0 and (w or vector(0))'
  expect(metricsIn(expr)).toEqual(['x_bucket', 'z', 'w'])
})

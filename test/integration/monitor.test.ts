import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BenchGateway, startBenchGateway } from '../../bench/bench-gateway.ts'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { CANARY_STAGES } from '../../src/monitor/canary/canary-stages.ts'
import { canarySettings } from '../../src/monitor/canary/config.ts'
import { createCanary } from '../../src/monitor/canary/create-canary.ts'
import type { GroupSummary, LagSummary } from '../../src/monitor/lag/lag-summary.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import type { Finding } from '../../src/tools/doctor/finding.ts'
import { metricsIn } from '../alerts/exported-metrics.ts'
import { readAlerts } from '../alerts/read-alerts.ts'
import { eventually } from '../servers/eventually.ts'

const run = promisify(execFile)
const MAIN = join(import.meta.dirname, '../../src/main.ts')

let running: BenchGateway

beforeAll(async () => {
  running = await startBenchGateway({ brokers: 1, customers: 1, webhooks: { customers: 0, url: '' } })
})

afterAll(async () => {
  await running.stop()
})

function smsgw(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, SMSGW_DATA: running.gateway.dataFolder }
  return run(process.execPath, [MAIN, ...args], { env, timeout: 60_000 })
}

/** Which of these no line of the metrics begins with, however long one waits. */
async function missingIn(read: () => Promise<string>, beginnings: readonly string[]): Promise<string[]> {
  const missing = async (): Promise<string[]> => {
    const text = await read()
    return beginnings.filter((each) => !text.includes(`\n${each}`))
  }
  return eventually('no metric is missing', missing, ({ length }) => length === 0)
}

test('a canary goes the whole way, and each stage of it is measured', async () => {
  const metrics = new Metrics()
  const { api, clickhouse } = running.gateway.servers
  const canary = createCanary({
    settings: {
      ...readSettings(canarySettings, {}),
      CANARY_API: api,
      CANARY_API_KEY: running.apiKeys[0]!,
      CANARY_PHONE: '+989121234567',
    },
    clickhouse: { ...readSettings(analyticsSettings, {}), CLICKHOUSE_URL: clickhouse },
    localPort: 0,
    metrics,
    log: createLog('test', 'fatal'),
  })!
  await canary.start()
  const stages = CANARY_STAGES.map((stage) => `smsgw_canary_stage_seconds_count{stage="${stage}"} 1`)
  const ends = ['delivered', 'clickhouse'].map((end) => `smsgw_canary_last_success_timestamp_seconds{end="${end}"}`)
  const expected = [...stages, ...ends, 'smsgw_canary_messages_total{outcome="delivered"} 1']
  const missing = await missingIn(() => metrics.registry.metrics(), expected)
  await canary.stop()
  expect(missing).toEqual([])
})

test('what alerts go by is there in the metrics of a running gateway', async () => {
  const admin = async (): Promise<string> =>
    (await (await request(`${running.gateway.servers.admin}/metrics`)).body.text()).replaceAll('# TYPE ', '')
  // Those of the canary are there when it is configured; `up` is Prometheus' own.
  const named = [...new Set(readAlerts().flatMap(({ expr }) => metricsIn(expr)))]
  const expected = named.filter((name) => name !== 'up' && !name.startsWith('smsgw_canary'))
  const registered = expected.map((name) => name.replace(/_(bucket|count|sum)$/, ''))
  expect(await missingIn(admin, registered)).toEqual([])
  expect(await missingIn(admin, ['kafka_consumer_lag{', 'smsgw_consumergroup_status{', 'smsgw_operators{'])).toEqual([])
})

test('doctor finds nothing on a fresh smsgw up', async () => {
  const { stdout } = await smsgw('doctor', '--json').catch((failed: { stdout: string }) => failed)
  const findings = JSON.parse(stdout) as Finding[]
  expect(findings.length).toBeGreaterThan(20)
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
})

test('smsgw lag shows ages and what two samples allow, and names the remedy for an unknown group', async () => {
  const { stdout } = await smsgw('lag', 'smsgw-status', '--exact', '--json')
  const { groups, total } = JSON.parse(stdout) as LagSummary
  expect(total).toMatchObject({ groups: 1, lag: groups[0]!.lag })
  const [{ partitions, ...group }] = groups as [GroupSummary]
  expect(group).toMatchObject({ group: 'smsgw-status', members: 1, state: 'Stable' })
  expect(group.lag).toBe(partitions.reduce((sum, { lag }) => sum + lag, 0))
  expect(partitions.length).toBeGreaterThan(0)
  for (const row of partitions) {
    expect(row.topic).toBe('sms.status')
    if (row.lag === 0) expect(row).toMatchObject({ status: 'OK', seconds: 0 })
  }
  const lines = (await smsgw('lag', 'smsgw-status')).stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(
    /^GROUP +TOPIC +PARTITION +CURRENT-OFFSET +LOG-END-OFFSET +LAG +SECONDS +STATUS +TREND +LEVEL$/,
  )
  expect(lines.at(-2)).toMatch(/^smsgw-status +total, worst sms\.status\[\d+\] +\d+ /)
  expect(lines.at(-1)).toMatch(/^1 group +total +\d+ /)
  await expect(smsgw('lag', 'nobody')).rejects.toMatchObject({
    code: 1,
    stderr: 'There is no group "nobody". `smsgw lag` shows those there are.\n',
  })
})

import { printTable } from '../../../src/cli/terminal/print-table.ts'
import type { Finding } from '../audit/facts.ts'
import { type CampaignResult, KAFKA_FAULTS } from './run-campaign.ts'

const SHOWN_MAX = 5
/** What a broker leader's death may cost, and what is promised of the API meanwhile. */
const RESUME_MS_MAX = 15_000
const SILENT_MS_MAX = 5_000

/** All that the campaign must show, timing included; without violations it passed. */
export function allFindings({ findings, resumedWrites, drainedMs, faults }: CampaignResult): Finding[] {
  const ofKafka = faults.filter(({ code }) => KAFKA_FAULTS.includes(code))
  const silent = ofKafka.filter(({ dip }) => dip.silentMs > SILENT_MS_MAX)
  const late = resumedWrites.filter(({ afterMs }) => afterMs === null || afterMs > RESUME_MS_MAX)
  return [
    ...findings,
    {
      check: 'D',
      what: `writes to Kafka resume in ${RESUME_MS_MAX / 1_000} s`,
      compared: 'ends of logs that a killed broker led',
      count: resumedWrites.length,
      violations: late.map(
        ({ nodeId, afterMs }) => `after broker ${nodeId} was killed: ${afterMs ?? 'more than 60000'} ms`,
      ),
    },
    {
      check: 'D',
      what: 'the API accepts while Kafka is broken',
      compared: `longest silence during ${KAFKA_FAULTS.join(', ')}`,
      count: ofKafka.length,
      violations: silent.map(
        ({ name, target, dip }) => `${name} ${target}: nothing was accepted for ${dip.silentMs} ms`,
      ),
    },
    {
      check: 'D',
      what: 'it drains after the last fault',
      compared: 'outbox, states, lag, webhook retries, ClickHouse',
      count: 1,
      violations: drainedMs === null ? ['something was still under way when no more was waited for'] : [],
    },
  ]
}

export function printReport(result: CampaignResult): void {
  const findings = allFindings(result)
  console.log(`seed ${result.seed}: ${result.faults.length} faults, ${result.accepted} messages accepted\n`)
  printTable(
    ['AT', 'FAULT', 'TARGET', 'HEALED', 'ACCEPTED', 'REFUSED', 'SILENT', 'SLOWEST'],
    result.faults.map(({ atMs, healedMs, code, name, target, dip }) => [
      seconds(atMs),
      `${code} ${name}`,
      target,
      seconds(healedMs - atMs),
      dip.accepted,
      Object.entries(dip.refused)
        .map(([status, times]) => `${times}×${status === '0' ? 'none' : status}`)
        .join(' '),
      seconds(dip.silentMs),
      seconds(dip.slowestMs),
    ]),
  )
  for (const { nodeId, partitions, afterMs } of result.resumedWrites) {
    console.log(
      `broker ${nodeId} killed: its ${partitions} busy partitions are written again after ${afterMs ?? '-'} ms`,
    )
  }
  const crashes = Object.entries(result.crashes)
  console.log(`ended by themselves: ${crashes.map(([name, { length }]) => `${name} ${length}×`).join(', ') || 'none'}`)
  for (const [name, lastWords] of crashes) for (const words of lastWords) console.log(`    ${name}: ${words}`)
  console.log(`drained ${result.drainedMs === null ? 'never' : `in ${seconds(result.drainedMs)}`}\n`)
  printFindings(findings)
}

export function printFindings(findings: readonly Finding[]): void {
  printTable(
    ['CHECK', 'WHAT', 'COMPARED', 'COUNT', 'VIOLATIONS', 'VERDICT'],
    findings.map(({ check, what, compared, count, violations }) => [
      check,
      what,
      compared,
      count,
      violations.length,
      violations.length === 0 ? 'ok' : 'VIOLATED',
    ]),
  )
  for (const { check, violations, evidence = [] } of findings) {
    for (const violation of violations.slice(0, SHOWN_MAX)) console.log(`${check}: ${violation}`)
    if (violations.length > SHOWN_MAX) console.log(`${check}: and ${violations.length - SHOWN_MAX} more`)
    for (const known of evidence) console.log(`    ${known}`)
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

import { type Command, Option } from 'commander'
import { beThrottled, type ThrottledPace } from './pace/be-throttled.ts'
import { type HeldPace, holdPace } from './pace/hold-pace.ts'
import type { LineChart } from './report/line-chart.ts'
import { round } from './report/round.ts'
import type { Report, Table } from './report/save-report.ts'
import { wholeNumber } from './run/parse-options.ts'
import { type RunFlags, runBenchmark, withRunFlags } from './run/run-benchmark.ts'
import type { Workbench } from './run/workbench.ts'

const PARTS = ['changing', 'steady', 'throttled'] as const

interface PaceFlags extends RunFlags {
  readonly part: (typeof PARTS)[number]
  readonly perSecond?: number
  readonly seconds?: number
}

export function paceCommand(program: Command): void {
  const command = program
    .command('pace')
    .description("whether workers that come and go keep an operator's pace together, and use it, by the SMSC's ledger")
    .addOption(
      new Option('--part <part>', 'workers that come and go; two that stay; an SMSC that takes 60% of the pace')
        .choices(PARTS)
        .default('changing'),
    )
    .option('--per-second <n>', 'the pace that is agreed; 100, and 2000 for two that stay', wholeNumber)
    .option('--seconds <n>', 'from the first submit on; 60, and 20 for the other parts', wholeNumber)
    .addHelpText(
      'after',
      '\nExamples:\n  $ npm run bench -- pace\n  $ npm run bench -- pace --part steady --per-second 500',
    )
  withRunFlags(command).action((flags: PaceFlags) => runBenchmark(flags, (workbench) => benchPace(workbench, flags)))
}

async function benchPace(workbench: Workbench, flags: PaceFlags): Promise<Report> {
  const { part, perSecond = part === 'steady' ? 2_000 : 100, seconds = part === 'changing' ? 60 : 20 } = flags
  const options = { part, perSecond, seconds }
  if (part === 'throttled') {
    const throttled = await beThrottled(workbench, { perSecond, takenPerSecond: Math.floor(0.6 * perSecond), seconds })
    return {
      name: 'pace-throttled',
      tables: [throttledTable(throttled)],
      options,
      result: throttled,
      charts: { '': throttledChart(throttled) },
    }
  }
  const held = await holdPace(workbench, { perSecond, seconds, comeAndGo: part === 'changing' })
  return {
    name: `pace-${part}`,
    tables: [heldTable(held), stretchTable(held)],
    options,
    result: held,
    charts: { '': heldChart(held) },
  }
}

function heldTable({ perSecond, workers, seconds, submits, most, usedPercent, gapMsMax, slots }: HeldPace): Table {
  return {
    headings: ['PACE', 'WORKERS', 'SECONDS', 'SUBMITS', 'MOST/S', 'USED-%', 'GAP-MS', 'MISSED', 'WASTED'],
    rows: [
      [
        ...[perSecond, workers, round(seconds, 1), submits, most, round(usedPercent, 1), gapMsMax],
        ...[slots.missed!, slots.wasted!],
      ],
    ],
  }
}

function stretchTable({ stretches }: HeldPace): Table {
  return {
    headings: ['FROM', 'AT-S', 'USED-%', 'GAP-MS'],
    rows: stretches.map(({ change, atSeconds, usedPercent, gapMsMax }) => {
      return [change, round(atSeconds, 1), round(usedPercent, 1), gapMsMax]
    }),
  }
}

function throttledTable(throttled: ThrottledPace): Table {
  const { perSecond, takenPerSecond, submits, throttledPercent, takenPercent, recoverySeconds } = throttled
  return {
    headings: ['PACE', 'TAKES', 'SUBMITS', 'THROTTLED', 'THROTTLED-%', 'TAKEN-%', 'RECOVERY-S', 'THROTTLED-AFTER'],
    rows: [
      [
        ...[perSecond, takenPerSecond, submits, throttled.throttled, round(throttledPercent, 1)],
        ...[round(takenPercent, 1), recoverySeconds ?? 'never', throttled.throttledAfterwards],
      ],
    ],
  }
}

function heldChart({ perSecond, workers, perSecondArrivals }: HeldPace): LineChart {
  return {
    title: `A pace of ${perSecond} a second, ${workers} workers`,
    x: { label: 'seconds' },
    y: { label: 'submits/s at the SMSC' },
    series: [{ name: 'submits', points: perSecondArrivals }],
  }
}

function throttledChart({ perSecond, takenPerSecond, perSecondArrivals, perSecondTaken }: ThrottledPace): LineChart {
  return {
    title: `A pace of ${perSecond} a second, of which the SMSC takes ${takenPerSecond}, then all`,
    x: { label: 'seconds' },
    y: { label: 'submits/s at the SMSC' },
    series: [
      { name: 'submits', points: perSecondArrivals },
      { name: 'taken', points: perSecondTaken },
    ],
  }
}

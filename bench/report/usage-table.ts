import type { PartUsage } from '../measure/usage-watch.ts'
import { round } from './round.ts'
import type { Table } from './save-report.ts'

export interface UsedAt {
  readonly offeredPerSecond: number
  readonly usage: Readonly<Record<string, PartUsage>>
  readonly cpuMsPerMessage: Readonly<Record<string, number>>
}

/** What each process took, at each rate. */
export function usageTable(points: readonly UsedAt[]): Table {
  return {
    headings: ['OFFERED/S', 'PROCESS', 'CPU-MS/MESSAGE', 'PEAK-MIB'],
    rows: points.flatMap(({ offeredPerSecond, usage, cpuMsPerMessage }) =>
      Object.entries(usage).map(([part, { peakMiB }]) => [
        ...[offeredPerSecond, part, round(cpuMsPerMessage[part] ?? 0, 3), peakMiB],
      ]),
    ),
  }
}

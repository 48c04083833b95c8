import type { ProgressSample } from '../measure/progress-watch.ts'
import type { PartUsage, UsageSample } from '../measure/usage-watch.ts'

/** How a backlog was worked off. */
export interface Drained {
  readonly name: string
  readonly title: string
  readonly waited: number
  /** With what came while it was worked off. */
  readonly drained: number
  readonly finished: boolean
  readonly seconds: number
  readonly perSecond: number
  readonly startMs: number
  readonly samples: readonly ProgressSample[]
  readonly memory: readonly UsageSample[]
  /** The processes whose memory matters here. */
  readonly memoryOf: readonly string[]
  readonly usage: Readonly<Record<string, PartUsage>>
  readonly cpuMsPerMessage: Readonly<Record<string, number>>
}

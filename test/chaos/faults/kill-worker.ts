import type { Fault } from './fault.ts'
import { killsProcess } from './kills-process.ts'

/** F3: before, between and after submit and answer: the simulator takes its time, so all windows are wide open. */
export const killWorker: Fault = {
  code: 'F3',
  name: 'kill-worker',
  promises: 'only messages whose answers were awaited may be sent twice, and they say so',
  targets: ['worker-1', 'worker-2'],
  holdMs: { quick: [500, 2_000], full: [500, 15_000] },
  ...killsProcess,
}

import type { Fault } from './fault.ts'
import { killsProcess } from './kills-process.ts'

/** F2: between publishing and removing, sooner or later. What it published comes again, under the same ids. */
export const killRelay: Fault = {
  code: 'F2',
  name: 'kill-relay',
  promises: 'nothing is lost; what comes twice has the same id; order is kept',
  targets: ['relay-1', 'relay-2'],
  holdMs: { quick: [500, 1_500], full: [500, 8_000] },
  ...killsProcess,
}

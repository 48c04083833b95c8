import type { Fault } from './fault.ts'
import { killsProcess } from './kills-process.ts'

/** F1: with requests under way, so that clients do not know whether theirs was accepted. */
export const killApi: Fault = {
  code: 'F1',
  name: 'kill-api',
  promises: 'the same key asked again is the same message, charged once; the other API goes on',
  targets: ['api-1', 'api-2'],
  holdMs: { quick: [500, 1_000], full: [500, 5_000] },
  ...killsProcess,
}

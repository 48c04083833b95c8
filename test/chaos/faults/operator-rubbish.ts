import { rmSync, writeFileSync } from 'node:fs'
import type { BrokenSystem, Fault } from './fault.ts'

/** Shares of the simulated operator's settings, by what it does while it misbehaves. */
const RUBBISH: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'answers-without-id': { ODD_ANSWER_SHARE: 0.5 },
  'damaged-answers': { GARBLED_SHARE: 0.3 },
  'noise-beside-receipts': { RUBBISH_SHARE: 1 },
  everything: { ODD_ANSWER_SHARE: 0.2, GARBLED_SHARE: 0.1, CUT_SHARE: 0.05, RUBBISH_SHARE: 0.5 },
}

/** F17: the operator answers rubbish, and writes PDUs that fit nothing. */
export const operatorRubbish: Fault = {
  code: 'F17',
  name: 'operator-rubbish',
  promises: 'what it took is never sent again unflagged; nothing of it goes beyond its own messages; no process ends',
  targets: Object.keys(RUBBISH),
  holdMs: { quick: [2_000, 4_000], full: [4_000, 15_000] },
  async inject({ gateway }: BrokenSystem, target: string): Promise<void> {
    writeFileSync(
      gateway.behaviourPath,
      Object.entries(RUBBISH[target]!)
        .map(([setting, share]) => `${setting}: ${share}\n`)
        .join(''),
    )
  },
  async heal({ gateway }: BrokenSystem): Promise<void> {
    rmSync(gateway.behaviourPath, { force: true })
  },
}

import { hash } from 'node:crypto'

/** Where a chain has got to: the number of its last line, and the hash that covers all of it, in hexadecimal. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

/** Where a chain ended at the end of a block or a plain line: what an anchor may name. */
export interface ChainPlace extends ChainHead {
  readonly writtenAtMs: number | null
}

/** What the first line or block follows. */
export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/*
  Until version 0.2 each line was a link of its own, in a file of plain text:

    {"seq":7,"prev":"<hash of line 6>", …what happened…, "hash":"<SHA-256 of this line up to here>"}

  Such files are still read and verified; the first block (block.ts) follows the hash of the last line.
*/

const SEPARATOR = ',"hash":"'

/** The head behind a line of a plain file that follows `head`, or what is wrong with it. */
export function followLine(head: ChainHead, line: string): ChainHead | string {
  const at = line.lastIndexOf(SEPARATOR)
  const digest = line.slice(at + SEPARATOR.length, -2)
  if (at < 0 || !line.endsWith('"}') || !/^[0-9a-f]{64}$/.test(digest)) return 'is not a line of the log'
  const covered = line.slice(0, at)
  if (hash('sha256', covered) !== digest) return 'was altered: its hash does not fit its text'
  const seq = head.seq + 1
  if (!covered.startsWith(`{"seq":${seq},`))
    return `is not number ${seq}: lines were removed, inserted or moved before it`
  if (!covered.startsWith(`{"seq":${seq},"prev":"${head.hash}"`)) return 'does not follow the line before it'
  return { seq, hash: digest }
}

/** The hash that a line of a plain file says it follows; empty if it says none. */
export function prevOf(line: string): string {
  return /^\{"seq":[0-9]+,"prev":"([0-9a-f]{64})"/.exec(line)?.[1] ?? ''
}

import { hash } from 'node:crypto'

/*
  The audit log is a chain of lines, a JSON object each. A line's hash covers the hash of the line before it, so that
  nobody can change, remove, insert or reorder lines without every later hash changing:

    {"seq":7,"prev":"<hash of line 6>", …what happened…, "hash":"<SHA-256 of this line up to here>"}

  The hash is the last field, and covers the line's text as written before it; no other reading of JSON is needed.
*/

/** What stands before the first line. */
const GENESIS = '0'.repeat(64)

/** Where a chain has got to. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: GENESIS }

const SEPARATOR = ',"hash":"'

/** The next line, without a line break, and the head behind it. `fields` must have neither `seq`, `prev` nor `hash`. */
export function chainLine(head: ChainHead, fields: object): { line: string; head: ChainHead } {
  const seq = head.seq + 1
  const covered = `{"seq":${seq},"prev":"${head.hash}",${JSON.stringify(fields).slice(1, -1)}`
  const digest = hash('sha256', covered)
  return { line: `${covered}${SEPARATOR}${digest}"}`, head: { seq, hash: digest } }
}

/** The head behind a line that follows `head`, or what is wrong with it. */
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

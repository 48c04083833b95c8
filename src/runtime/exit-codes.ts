/** Exit codes of `smsgw`. Which command ends with which: README.md, and `--help` of each. */
export const EXIT = {
  /** Done, and nothing to report. */
  done: 0,
  /** Failed, or found a fault. */
  failed: 1,
  /** Arguments are wrong; see --help. */
  usage: 2,
  /** Done; there is something to act on: a plan has changes, an examination has warnings, files differ. */
  found: 2,
  /** Done in part: some rows were refused. */
  partly: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const

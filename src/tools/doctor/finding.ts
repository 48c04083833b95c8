import { EXIT } from '../../runtime/exit-codes.ts'

/** What an examination found of one thing. */
export interface Finding {
  /** The part of the installation: `kafka 1`, `topics`, `postgresql`, `clickhouse`, `versions`. */
  readonly of: string
  /** `fault`: data is at risk, or it does not work. `warning`: it works, and ought to be otherwise. */
  readonly level: 'ok' | 'warning' | 'fault'
  /** What it is, and what it ought to be, in one line. */
  readonly what: string
  /** What that does, and what to do about it; empty when it is well. */
  readonly advice: string
  /** To run one after another, where commands mend it. */
  readonly commands?: readonly string[]
}

/** Exit code of an examination: 0 all is well, 2 warnings, 1 faults. */
export function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(({ level }) => level === 'fault')) return EXIT.failed
  return findings.some(({ level }) => level === 'warning') ? EXIT.found : EXIT.done
}

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/** Linux counts process times in these, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100
const START_FIELD = 22
const STATE_FIELD = 3

/** A process beyond the reuse of its number: two processes never share number and start. */
export interface ProcessIdentity {
  readonly pid: number
  /** As the system words it: ticks since boot and the boot's id on Linux. */
  readonly started: string
}

/** The identity of a process that runs; null for one that is gone or has ended and only waits to be reaped. */
export function identityOf(pid: number): ProcessIdentity | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const started = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return started === null ? null : { pid, started }
}

/** When a process on Linux began, in epoch milliseconds, to about 10 ms; null if it is gone, or elsewhere. */
export function startedAtMs(pid: number): number | null {
  const ticks = process.platform === 'linux' ? ticksOf(pid) : null
  return ticks === null ? null : Date.now() - (uptime() - ticks / TICKS_PER_SECOND) * 1_000
}

function startOnLinux(pid: number): string | null {
  const ticks = ticksOf(pid)
  return ticks === null ? null : `${ticks}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
}

function ticksOf(pid: number): number | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): string => fields[number - STATE_FIELD] ?? ''
  return 'ZX'.includes(field(STATE_FIELD)) ? null : Number(field(START_FIELD))
}

function startByPs(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}

import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second of /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export interface ProcessUsage {
  readonly cpuMs: number
  readonly peakBytes: number
}

/** CPU time and peak memory of a process and all that descend from it. Nothing for one that is gone. */
export function treeUsage(pid: number): ProcessUsage {
  const children = childrenByParent()
  const visit = (each: number): ProcessUsage => {
    const own = usage(each)
    const below = (children.get(each) ?? []).map(visit)
    return {
      cpuMs: below.reduce((sum, { cpuMs }) => sum + cpuMs, own.cpuMs),
      peakBytes: below.reduce((sum, { peakBytes }) => sum + peakBytes, own.peakBytes),
    }
  }
  return visit(pid)
}

/** Processes that a process started and that still run. */
export function childPids(pid: number): number[] {
  return childrenByParent().get(pid) ?? []
}

/** Including the time of its children that have ended. */
function usage(pid: number): ProcessUsage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return { cpuMs: (ticks * 1_000) / TICKS_PER_SECOND, peakBytes: Number(peak ?? 0) * 1_024 }
  } catch {
    return { cpuMs: 0, peakBytes: 0 }
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      children.set(parent, [...(children.get(parent) ?? []), Number(name)])
    } catch {
      // It ended while we looked.
    }
  }
  return children
}

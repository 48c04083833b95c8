import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second of /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export interface ProcessUsage {
  readonly cpuMs: number
  /** In memory now: what each process has for itself, and what they share, once. */
  readonly memoryBytes: number
}

interface Memory {
  readonly ownBytes: number
  readonly sharedBytes: number
}

/** CPU time and memory of processes, each with all that descend from it. Nothing for one that is gone. */
export function treeUsages(pids: ReadonlyMap<string, number>): Map<string, ProcessUsage> {
  const children = childrenByParent()
  return new Map([...pids].map(([name, pid]) => [name, treeUsage(pid, children)]))
}

function treeUsage(pid: number, children: ReadonlyMap<number, readonly number[]>): ProcessUsage {
  let cpuMs = 0
  let ownBytes = 0
  let sharedBytes = 0
  const visit = (each: number): void => {
    cpuMs += cpuMsOf(each)
    const memory = memoryOf(each)
    ownBytes += memory.ownBytes
    sharedBytes = Math.max(sharedBytes, memory.sharedBytes)
    for (const child of children.get(each) ?? []) visit(child)
  }
  visit(pid)
  return { cpuMs, memoryBytes: ownBytes + sharedBytes }
}

/** Processes that a process started and that still run. */
export function childPids(pid: number): number[] {
  return childrenByParent().get(pid) ?? []
}

/** CPU time of all that this process started and that has ended. */
export function endedChildrenCpuMs(): number {
  return ticksMs(statFields('self')!.slice(13, 15))
}

/** Including the time of its children that have ended. */
function cpuMsOf(pid: number): number {
  const fields = statFields(pid)
  return fields ? ticksMs(fields.slice(11, 15)) : 0
}

/** Shared are mapped files, as programs are, and PostgreSQL's buffers. */
function memoryOf(pid: number): Memory {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1_024
    return { ownBytes: bytes('RssAnon'), sharedBytes: bytes('RssFile') + bytes('RssShmem') }
  } catch {
    return { ownBytes: 0, sharedBytes: 0 }
  }
}

function ticksMs(fields: readonly string[]): number {
  return (fields.reduce((sum, field) => sum + Number(field), 0) * 1_000) / TICKS_PER_SECOND
}

/** The fields behind the name of a process in its `stat`: state, parent, … Null for one that is gone. */
function statFields(pid: number | 'self'): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    const fields = statFields(Number(name))
    if (!fields) continue
    const parent = Number(fields[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  return children
}

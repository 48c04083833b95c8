import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTEN = '0A'
const LOOPBACKS = new Set(['0100007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F'])

export interface ListeningPort {
  readonly port: number
  readonly isLoopback: boolean
}

/** A process and all that it has started, as Linux reports it. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has ended in the meantime.
    }
  }
  const found = [root]
  for (const parent of found) for (const [pid, of] of parents) if (of === parent) found.push(pid)
  return found
}

/** The TCP ports on which processes listen. */
export function listeningPorts(pids: readonly number[]): ListeningPort[] {
  const inodes = new Set(pids.flatMap(socketsOf))
  const ports = new Map<number, ListeningPort>()
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const [address, port] = fields[1]!.split(':')
      if (fields[3] !== LISTEN || !inodes.has(fields[9]!)) continue
      ports.set(Number.parseInt(port!, 16), { port: Number.parseInt(port!, 16), isLoopback: LOOPBACKS.has(address!) })
    }
  }
  return [...ports.values()]
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

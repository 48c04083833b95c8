import { readFileSync } from 'node:fs'
import type { RunningGateway } from '../../src/ops/up/up.ts'
import { childPids, treeUsage } from './process-usage.ts'

/** CPU time in milliseconds of each part of a gateway that runs under this process. */
export function cpuByPart(gateway: RunningGateway): Record<string, number> {
  const named = new Map([...gateway.processes.values()].map(({ name, pid }) => [pid, name]))
  const parts: Record<string, number> = {}
  for (const pid of childPids(process.pid)) {
    const name = named.get(pid) ?? serverName(pid)
    if (name) parts[name] = (parts[name] ?? 0) + treeUsage(pid).cpuMs
  }
  return parts
}

/** Native servers run beside a guard, whose command line names them. */
function serverName(pid: number): string | null {
  const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  if (commandLine.includes('kafka.Kafka')) return 'kafka'
  if (commandLine.includes('chdb-process')) return 'clickhouse'
  return commandLine.includes('/postgres') ? 'postgres' : null
}

import { readFileSync } from 'node:fs'
import type { RunningGateway } from '../../src/process/supervisor/up.ts'
import { childPids } from './process-usage.ts'

/** The processes of a gateway that runs under this one: its own by their names, and its servers. */
export function gatewayParts(gateway: Pick<RunningGateway, 'processes'>): Map<string, number> {
  const named = new Map([...gateway.processes.values()].map(({ name, pid }) => [pid, name]))
  const parts = new Map<string, number>()
  for (const pid of childPids(process.pid)) {
    const name = named.get(pid) ?? serverName(pid)
    if (name) parts.set(parts.has(name) ? `${name}-${pid}` : name, pid)
  }
  return parts
}

/** Native servers run beside a guard, whose command line names them. */
function serverName(pid: number): string | null {
  const commandLine = commandLineOf(pid)
  if (commandLine.includes('kafka.Kafka')) return 'kafka'
  if (commandLine.includes('chdb-process')) return 'clickhouse'
  return commandLine.includes('/postgres') ? 'postgres' : null
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

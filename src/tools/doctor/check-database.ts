import { isSkewed } from '../../postgres/clock-skew.ts'
import type { Finding } from './finding.ts'

/** What is read of a PostgreSQL server. Sizes in bytes. */
export interface DatabaseFacts {
  readonly settings: ReadonlyMap<string, string>
  readonly connections: number
  readonly isStandby: boolean
  /** Its clock minus ours, in milliseconds, and how far that may be wrong. */
  readonly clockSkewMs: number
  readonly clockErrorMs: number
}

const WAL_MB_MIN = 1_024
const CONNECTIONS_SHARE_MAX = 0.8

interface Rule {
  readonly name: string
  readonly ok: (value: string) => boolean
  readonly wanted: string
  readonly level: 'warning' | 'fault'
  readonly advice: string
}

/** Settings of PostgreSQL 18 that decide whether a message that was accepted can be lost, or the gateway stopped. */
const RULES: readonly Rule[] = [
  {
    name: 'fsync',
    ok: (value) => value === 'on',
    wanted: 'on',
    level: 'fault',
    advice:
      'Without it a crash of the machine can lose accepted messages and ruin the database. Turn it on and restart.',
  },
  {
    name: 'full_page_writes',
    ok: (value) => value === 'on',
    wanted: 'on',
    level: 'fault',
    advice: 'Without it a page half written in a crash stays broken. Turn it on; a reload is enough.',
  },
  {
    name: 'synchronous_commit',
    ok: (value) => value !== 'off',
    wanted: 'on',
    level: 'fault',
    advice:
      'When it is off, messages that were answered with 202 are lost in a crash. Set it to on; a reload is enough.',
  },
  {
    name: 'autovacuum',
    ok: (value) => value === 'on',
    wanted: 'on',
    level: 'fault',
    advice: 'The outbox is written and removed all the time; never vacuumed, it grows until it is slow. Turn it on.',
  },
  {
    name: 'wal_level',
    ok: (value) => value !== 'minimal',
    wanted: 'replica',
    level: 'warning',
    advice: 'With minimal there is no standby and no backup to a point in time. Set it to replica and restart.',
  },
  {
    name: 'max_wal_size',
    ok: (value) => Number(value) >= WAL_MB_MIN,
    wanted: `${WAL_MB_MIN} MB or more`,
    level: 'warning',
    advice:
      'With little room checkpoints follow each other at the peak, and answers take longer. Raise it; a reload is enough.',
  },
]

/** Judges a database server; `connectionsNeeded` is what one more process may open. */
export function checkDatabase(facts: DatabaseFacts, connectionsNeeded: number): Finding[] {
  const { settings, connections, isStandby, clockSkewMs, clockErrorMs } = facts
  const of = 'postgresql'
  const findings = RULES.map(({ name, ok, wanted, level, advice }): Finding => {
    const value = settings.get(name) ?? '(unknown)'
    if (ok(value)) return { of, level: 'ok', what: `${name} = ${value}`, advice: '' }
    return { of, level, what: `${name} = ${value}; it should be ${wanted}`, advice }
  })
  const most = Number(settings.get('max_connections'))
  const isTight = connections + connectionsNeeded > most * CONNECTIONS_SHARE_MAX
  findings.push({
    of,
    level: isTight ? 'warning' : 'ok',
    what: `${connections} of ${most} connections are open`,
    advice: isTight
      ? `Each process opens up to DATABASE_CONNECTIONS_MAX (${connectionsNeeded}), and one that finds none waits. Raise max_connections, or lower that.`
      : '',
  })
  findings.push({
    of,
    level: isStandby ? 'fault' : 'ok',
    what: isStandby ? 'is a standby' : 'is the primary',
    advice: isStandby ? 'A standby takes no writes. Point DATABASE_URL at the primary.' : '',
  })
  const skewed = isSkewed({ skewMs: clockSkewMs, errorMs: clockErrorMs })
  findings.push({
    of,
    level: skewed ? 'warning' : 'ok',
    what: `its clock differs from ours by ${Math.round(clockSkewMs)} ms (±${Math.round(clockErrorMs)})`,
    advice: skewed ? 'Ids, ages and validity carry the time of the process that made them. Let NTP set both.' : '',
  })
  return findings
}

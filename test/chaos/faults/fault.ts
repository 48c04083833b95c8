import type { Pool } from '../../../src/postgres/pool.ts'
import type { BreakableServers } from '../system/breakable-servers.ts'
import type { GatewayProcesses } from '../system/gateway-processes.ts'

/** What a fault can reach. */
export interface BrokenSystem {
  readonly servers: BreakableServers
  readonly gateway: GatewayProcesses
  /** A connection of our own, to the campaign's database as it is when a fault begins. */
  database<T>(work: (pool: Pool) => Promise<T>): Promise<T>
  /** The broker that leads the partition of `sms.accepted` with the first customer's messages. */
  busyLeader(): Promise<number>
  /** Breaks a broker, and takes the time until all that it led, and that was being written, is written again. */
  timeWrites(nodeId: number, breakIt: () => Promise<void>): Promise<void>
  /** Notes a record that is no event and must come to the dead letters. */
  planted(record: PlantedRecord): void
}

export interface PlantedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly what: string
}

type Range = readonly [least: number, most: number]

/** One way to break the system. The same fault is injected on whichever of its targets the plan drew. */
export interface Fault {
  /** As in the list of faults that this campaign follows, F1 to F20. */
  readonly code: string
  readonly name: string
  /** What must hold although this happens. */
  readonly promises: string
  readonly targets: readonly string[]
  /** How long it lasts. */
  readonly holdMs: { readonly quick: Range; readonly full: Range }
  inject(system: BrokenSystem, target: string): Promise<void>
  /** Ends the fault. A process that is started again may still be on its way up when this resolves. */
  heal(system: BrokenSystem, target: string): Promise<void>
}

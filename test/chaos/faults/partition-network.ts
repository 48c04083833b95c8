import { OPEN, type TcpProxy } from '../system/tcp-proxy.ts'
import type { BrokenSystem, Fault } from './fault.ts'

/** Which way is cut, and in which direction: `>` what the process says, `<` what it hears, `<>` both. */
const TARGETS = [
  'worker-1 <> kafka',
  'worker-2 > kafka',
  'worker-1 < kafka',
  'worker-2 <> postgres',
  'worker-1 < postgres',
  'relay-1 <> kafka',
  'relay-2 < kafka',
  'relay-1 <> postgres',
  'api-1 <> postgres',
] as const

/** F13: one process and one server do not hear each other; everyone else hears both. */
export const partitionNetwork: Fault = {
  code: 'F13',
  name: 'partition-network',
  promises: 'what another took over meanwhile is not done again; order is kept',
  targets: TARGETS,
  // Longer than a worker's session in its group, so that its partitions are given to the other one.
  holdMs: { quick: [12_000, 13_000], full: [5_000, 30_000] },
  async inject(system: BrokenSystem, target: string): Promise<void> {
    const direction = target.split(' ')[1]!
    const mode = { kind: 'stalled', toServer: direction.includes('>'), toClient: direction.includes('<') } as const
    for (const way of waysOf(system, target)) way.set(mode)
  },
  async heal(system: BrokenSystem, target: string): Promise<void> {
    for (const way of waysOf(system, target)) way.set(OPEN)
  },
}

function waysOf({ gateway }: BrokenSystem, target: string): readonly TcpProxy[] {
  const [name, , server] = target.split(' ')
  const ways = gateway.ways(name!)
  return server === 'kafka' ? ways.kafka : [ways.postgres]
}

import { setTimeout } from 'node:timers/promises'
import type { Workbench } from '../run/workbench.ts'
import { judgePace, judgeStretches, type PaceUse, perSecondOf, type Stretch } from './judge-pace.ts'
import { arrivedMs, PacedGateway } from './paced-gateway.ts'

/** What happens to the workers, at this share of the time. */
interface Change {
  readonly at: number
  readonly change: string
  readonly apply: (gateway: PacedGateway) => Promise<void>
}

const COME_AND_GO: readonly Change[] = [
  { at: 0.13, change: 'a third joins', apply: (gateway) => gateway.join('worker-3') },
  { at: 0.27, change: 'a fourth joins', apply: (gateway) => gateway.join('worker-4') },
  { at: 0.4, change: 'one is killed', apply: (gateway) => gateway.leave('worker-1', 'SIGKILL') },
  { at: 0.53, change: 'one joins', apply: (gateway) => gateway.join('worker-5') },
  { at: 0.67, change: 'one leaves', apply: (gateway) => gateway.leave('worker-2', 'SIGTERM') },
  { at: 0.8, change: 'one joins again', apply: (gateway) => gateway.join('worker-2') },
]

export interface HeldPace extends PaceUse {
  readonly perSecond: number
  readonly workers: string
  readonly stretches: readonly Stretch[]
  /** Of the workers that were there at the end. */
  readonly slots: Readonly<Record<string, number>>
  readonly perSecondArrivals: readonly (readonly [second: number, arrivals: number])[]
}

export interface HoldOptions {
  readonly perSecond: number
  readonly seconds: number
  /** Whether workers come and go, up to four at once; otherwise two stay. */
  readonly comeAndGo: boolean
}

/** Has workers submit a backlog larger than the pace allows, from the first arrival on for so many seconds. */
export async function holdPace(workbench: Workbench, options: HoldOptions): Promise<HeldPace> {
  const { perSecond, seconds, comeAndGo } = options
  const messages = Math.ceil(perSecond * seconds * 2)
  const gateway = await PacedGateway.start(workbench, { perSecond, messages, smsc: {} })
  await Promise.all([gateway.join('worker-1'), gateway.join('worker-2')])
  const firstMs = await gateway.firstArrivalMs()
  const changes = [{ change: 'two workers', atMs: firstMs }]
  for (const { at, change, apply } of comeAndGo ? COME_AND_GO : []) {
    await setTimeout(firstMs + at * seconds * 1_000 - Date.now())
    changes.push({ change, atMs: Date.now() })
    workbench.progress(change)
    await apply(gateway)
  }
  const endMs = firstMs + seconds * 1_000
  await setTimeout(endMs - Date.now())
  const slots = await gateway.slots()
  const arrivalsMs = gateway
    .submits()
    .map(arrivedMs)
    .filter((ms) => ms < endMs)
  return {
    perSecond,
    workers: comeAndGo ? 'two to four' : 'two',
    ...judgePace(arrivalsMs, perSecond),
    stretches: judgeStretches(arrivalsMs, perSecond, changes),
    slots,
    perSecondArrivals: perSecondOf(arrivalsMs),
  }
}

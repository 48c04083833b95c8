import { setPriority } from 'node:os'
import { OddPeers, type PeersReport } from './odd-peers.ts'

/** Commands to the process. It answers `report`. */
export type PeersOrder =
  | { readonly order: 'start'; readonly seed: number; readonly receiptsUrl: string }
  | { readonly order: 'behave'; readonly isHostile: boolean }
  | { readonly order: 'report' }

/** What it answers to `start` and `report`. */
export type PeersAnswer = Awaited<ReturnType<OddPeers['start']>> | PeersReport

// An operator works on a machine of its own: here it gets what the gateway leaves.
setPriority(10)

let peers: OddPeers | null = null

async function obey(order: PeersOrder): Promise<PeersAnswer | null> {
  if (order.order === 'start') {
    peers = new OddPeers(order.seed)
    peers.receiptsUrl = order.receiptsUrl
    return peers.start()
  }
  if (order.order === 'report') return peers!.report()
  peers!.isHostile = order.isHostile
  return null
}

process.once('disconnect', () => process.exit(0))
process.on('message', (order: PeersOrder) => {
  obey(order).then(
    (answer) => process.send!(answer),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

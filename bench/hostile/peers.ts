import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { OddOperator, PeersReport } from './odd-peers.ts'
import type { PeersAnswer, PeersOrder } from './peers-process.ts'

/** The odd operators, in a process of their own. */
export class Peers {
  readonly addresses: Readonly<Record<OddOperator, string>>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, addresses: Record<OddOperator, string>) {
    this.#child = child
    this.addresses = addresses
  }

  /** `receiptsUrl`: where the gateway takes callbacks. Calm until `behave` says otherwise. */
  static async start(seed: number, receiptsUrl: string): Promise<Peers> {
    const child = fork(join(import.meta.dirname, 'peers-process.ts'), { serialization: 'advanced' })
    const addresses = await order(child, { order: 'start', seed, receiptsUrl })
    return new Peers(child, addresses as Record<OddOperator, string>)
  }

  /** Of submits that come from now on. */
  async behave(isHostile: boolean): Promise<void> {
    await order(this.#child, { order: 'behave', isHostile })
  }

  async report(): Promise<PeersReport> {
    return (await order(this.#child, { order: 'report' })) as PeersReport
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
  }
}

/** One order at a time. */
async function order(child: ChildProcess, what: PeersOrder): Promise<PeersAnswer | null> {
  const answered = new AbortController()
  child.send(what)
  try {
    const [answer] = await Promise.race([
      once(child, 'message', answered),
      once(child, 'exit', answered).then(() => Promise.reject(new Error('the process of the odd operators ended'))),
    ])
    return answer as PeersAnswer | null
  } finally {
    answered.abort()
  }
}

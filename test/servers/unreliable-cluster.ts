import type { Connection } from '@platformatic/kafka'
import { type BrokerConnections, Cluster } from '../../src/kafka/cluster/cluster.ts'

type Answered = (error: Error | null, response: unknown) => void

/**
 * What becomes of a request: the broker answers; it does what was asked and the answer is lost; it never gets it; it
 * never gets it, or does what was asked, and another answer is given for it; its answer is held back for a while.
 */
export type Fate =
  | 'answered'
  | 'answer lost'
  | 'request lost'
  | { readonly answer: unknown; readonly broker: 'asked' | 'left out' }
  | { readonly heldUntil: Promise<void> }

/** A client of a real cluster whose requests meet the fate that a test decides. */
export class UnreliableCluster extends Cluster {
  /** Asked for each request over the connections that were opened by `connections`. */
  fateOf: (apiKey: number) => Fate = () => 'answered'

  override connections(requestTimeoutMs?: number): BrokerConnections {
    const reliable = super.connections(requestTimeoutMs)
    return {
      to: async (nodeId) => this.#interfereWith(await reliable.to(nodeId)),
      close: () => reliable.close(),
    }
  }

  #interfereWith(connection: Connection): Connection {
    const send: Connection['send'] = (apiKey, version, encode, parse, requestTags, responseTags, callback) => {
      const answered = callback as Answered
      const fate = this.fateOf(apiKey)
      if (fate === 'request lost') return answered(new Error('the request was lost'), undefined)
      if (typeof fate === 'object' && 'answer' in fate && fate.broker === 'left out') return answered(null, fate.answer)
      const forward = (reply: Answered): void =>
        connection.send(apiKey, version, encode, parse, requestTags, responseTags, reply as typeof callback)
      if (fate === 'answered') forward(answered)
      else if (fate === 'answer lost') forward(() => answered(new Error('the answer was lost'), undefined))
      else if ('answer' in fate) forward(() => answered(null, fate.answer))
      else forward((error, response) => void fate.heldUntil.then(() => answered(error, response)))
    }
    return new Proxy(connection, {
      get(target, name) {
        if (name === 'send') return send
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

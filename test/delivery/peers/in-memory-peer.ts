import { InMemoryOperator } from '../in-memory-connector/in-memory-operator.ts'
import type { Peer, PeerScript, PeerSubmit } from './peer.ts'

export function inMemoryPeer(operators: Record<string, InMemoryOperator>) {
  return async (script: PeerScript): Promise<Peer> => {
    const submits: PeerSubmit[] = []
    const operator = new InMemoryOperator(({ answer }) => {
      const submit: PeerSubmit = {
        take: (id) => answer({ kind: 'taken', id }),
        takeUnnamed: () => answer({ kind: 'taken', id: null }),
        refuse: (kind) => answer({ kind }),
        lose: () => operator.drop(),
      }
      script(submit, submits.push(submit) - 1)
    })
    const name = `operator ${Object.keys(operators).length}`
    operators[name] = operator
    return {
      settings: { name },
      submits,
      get open() {
        return operator.sessions
      },
      push: (receipt) => operator.push(receipt),
      down: async () => operator.down(),
      up: async () => operator.up(),
    }
  }
}

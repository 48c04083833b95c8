import { expect, onTestFinished, test } from 'vitest'
import { inMemory } from '../../../test/delivery/in-memory-connector/in-memory.ts'
import { InMemoryOperator } from '../../../test/delivery/in-memory-connector/in-memory-operator.ts'
import { TASK as SAMPLE } from '../../../test/servers/sample-message.ts'
import type { DeliveryTask } from '../../events/delivery.ts'
import { OperatorSetup } from '../../operators/operator-setup.ts'
import { parseOperators } from '../../operators/operators-file.ts'
import { createLog } from '../../runtime/log.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { PausingGate } from '../pace/pausing-gate.ts'
import { LiveConnections } from './live-connections.ts'

const TASK: DeliveryTask = { ...SAMPLE, operator: 'a', sender: 'Acme' }

const PEERS: Record<string, InMemoryOperator> = {}
const CONNECTORS = { 'in-memory': inMemory(PEERS) }

/** An operator that takes sessions, by a name for the settings that reach it. */
function startPeer() {
  const name = `peer ${Object.keys(PEERS).length}`
  const operator = new InMemoryOperator()
  PEERS[name] = operator
  return { name, untilSessions: (count: number) => operator.untilSessions(count) }
}

interface Wanted {
  /** `name`: of the peer. */
  readonly [operator: string]: { readonly name: string; readonly window?: number; readonly senders?: object }
}

/** Operators that come into force one revision after another. */
function operatorsOf(first: Wanted, routes: object[]) {
  let revision = 0
  const make = (wanted: Wanted, to = routes): OperatorSetup => {
    const operators = Object.fromEntries(
      Object.entries(wanted).map(([operator, { name, ...own }]) => {
        const settings = { window: 1, response_timeout_ms: 1_000, on_ambiguous: 'hold', ...own }
        return [operator, { connector: 'in-memory', 'in-memory': { name }, ...settings }]
      }),
    )
    const source = JSON.stringify({ operators, routes: to })
    return new OperatorSetup(++revision, parseOperators(source, 'test', CONNECTORS))
  }
  let current = make(first)
  const listeners = new Set<(setup: OperatorSetup) => void>()
  return {
    current: () => current,
    onChange: (listener: (setup: OperatorSetup) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply: (wanted: Wanted, to = routes) => {
      current = make(wanted, to)
      for (const listener of listeners) listener(current)
    },
  }
}

function connectionsFor(operators: ReturnType<typeof operatorsOf>, lingerMs = 0): LiveConnections {
  const connections = new LiveConnections({
    operators,
    connectors: CONNECTORS,
    host: { simulatorAddress: '', isListening: false, env: {} },
    receipt: async () => {},
    incoming: async () => {},
    oddReceipt: () => {},
    breakerChanged: () => {},
    openGate: (_operator, _perSecond, reopened) => new PausingGate(reopened),
    metrics: new Metrics(),
    log: createLog('test', 'silent'),
    lingerMs,
  })
  connections.start()
  onTestFinished(() => connections.stop())
  return connections
}

test('connections are opened, opened anew and closed as operators come, change and go', async () => {
  const [one, two] = [startPeer(), startPeer()]
  const operators = operatorsOf({ a: one }, [{ prefix: '', operator: 'a', price: 1 }])
  const connections = connectionsFor(operators)
  await one.untilSessions(1)
  const first = connections.get('a')!
  operators.apply({ a: one, b: two })
  await two.untilSessions(1)
  expect(connections.get('a')).toBe(first)
  operators.apply({ a: { ...one, window: 2 }, b: two })
  expect(connections.get('a')).not.toBe(first)
  expect(await first.queue.slot({ customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 })).toBeNull()
  operators.apply({ a: two })
  await one.untilSessions(0)
  await two.untilSessions(1)
  expect(connections.values().map(({ name }) => name)).toEqual(['a'])
})

test('a connection that is closed awaits submits in flight, and drops messages that wait', async () => {
  const peer = startPeer()
  const operators = operatorsOf({ a: peer, b: peer }, [{ prefix: '', operator: 'a', price: 1 }])
  const connections = connectionsFor(operators)
  await peer.untilSessions(2)
  const { queue } = connections.get('b')!
  const waiting = { customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 }
  const slot = await queue.slot(waiting)
  const next = queue.slot(waiting)
  operators.apply({ a: peer })
  expect(await next).toBeNull()
  expect(queue.inFlight).toBe(1)
  slot!.release()
  await peer.untilSessions(1)
})

test('the connection of a removed operator stays open for receipts for a while, and is closed at once when all stops', async () => {
  const [one, two] = [startPeer(), startPeer()]
  const operators = operatorsOf({ a: one }, [{ prefix: '', operator: 'a', price: 1 }])
  const connections = connectionsFor(operators, 60_000)
  await one.untilSessions(1)
  operators.apply({ b: two }, [{ prefix: '', operator: 'b', price: 1 }])
  expect(connections.get('a')).toBeUndefined()
  await two.untilSessions(1)
  await one.untilSessions(1)
  await connections.stop()
  await Promise.all([one.untilSessions(0), two.untilSessions(0)])
})

test('a task goes to its own operator, then where the routes lead; and elsewhere when its operator is gone', async () => {
  const peer = startPeer()
  const routes = [{ prefix: '98', operator: 'a', failover: ['b'], price: 1 }]
  const operators = operatorsOf({ a: { ...peer, senders: { replace: '2000' } }, b: peer }, routes)
  const connections = connectionsFor(operators)
  const candidates = (task = TASK) =>
    connections.candidates(task).map(({ connection, sender }) => [connection.name, sender])
  expect(candidates()).toEqual([
    ['a', '2000'],
    ['b', 'Acme'],
  ])
  expect(connections.candidates(TASK)[0]!.why).toBe('a: prefix 98, from 2000')
  expect(candidates({ ...TASK, operator: 'b' }).map(([name]) => name)).toEqual(['b', 'a'])
  operators.apply({ b: peer }, [{ prefix: '', operator: 'b', price: 1 }])
  expect(candidates()).toEqual([['b', 'Acme']])
  operators.apply({ c: peer }, [{ prefix: '97', operator: 'c', price: 1 }])
  expect(candidates()).toEqual([])
})

test('a network that was known when a message was accepted routes it also later', async () => {
  const peer = startPeer()
  const routes = ['432-11', '432-35'].map((mcc_mnc, index) => ({ mcc_mnc, operator: ['a', 'b'][index], price: 1 }))
  const connections = connectionsFor(operatorsOf({ a: peer, b: peer }, routes))
  const names = (task: DeliveryTask) => connections.candidates(task).map(({ connection }) => connection.name)
  expect(names({ ...TASK, operator: 'gone' })).toEqual(['a'])
  expect(names({ ...TASK, operator: 'gone', mcc_mnc: '432-35' })).toEqual(['b'])
})

test('a connection that cannot be opened keeps no other from opening', async () => {
  const peer = startPeer()
  const operators = operatorsOf({ a: { name: 'unknown' }, b: peer }, [{ prefix: '', operator: 'b', price: 1 }])
  const connections = connectionsFor(operators)
  await peer.untilSessions(1)
  // It has a connection that takes nothing: messages for it wait or fail over, as if it were unavailable.
  const placeholder = connections.get('a')!
  expect(placeholder.health.condition(Date.now())).toBe('unbound')
  expect(connections.candidates({ ...TASK, operator: 'a' }).map(({ connection }) => connection.name)).toEqual([
    'a',
    'b',
  ])
  const waiting = { customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 }
  const slot = placeholder.queue.slot(waiting)
  operators.apply({ a: peer, b: peer })
  expect(await slot).toBeNull()
  expect(connections.get('a')).not.toBe(placeholder)
  await peer.untilSessions(2)
})

test('a worker that can open no connection waits, is not ready and says why, until one can be opened', async () => {
  const peer = startPeer()
  const operators = operatorsOf({ a: { name: 'unknown' } }, [{ prefix: '', operator: 'a', price: 1 }])
  const connections = connectionsFor(operators)
  expect(connections.check).toThrow(/no operator connection could be opened.*no operator of the test/)
  expect(connections.candidates(TASK).map(({ connection }) => connection.name)).toEqual(['a'])
  operators.apply({ a: { name: 'unknown' }, b: peer })
  await peer.untilSessions(1)
  connections.check()
})

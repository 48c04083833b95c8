import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TakenSubmits } from '../../src/delivery/attempts/taken-submits.ts'
import {
  type OutgoingMessage,
  type Receipt,
  type SubmitResult,
  UNIDENTIFIED_CODES,
} from '../../src/delivery/connectors/connector.ts'
import type { ConnectorKinds } from '../../src/delivery/connectors/connector-kind.ts'
import { CONNECTORS } from '../../src/delivery/connectors/connectors.ts'
import { comparableDigits } from '../../src/domain/same-number.ts'
import { eventually } from '../gateway/eventually.ts'
import { smppMessage as message } from '../servers/open-smpp.ts'
import { statusSubject } from '../servers/sample-message.ts'
import { inMemory } from './in-memory-connector/in-memory.ts'
import type { InMemoryOperator } from './in-memory-connector/in-memory-operator.ts'
import { type OpenedOperator, type OperatorOptions, openOperator } from './open-operator.ts'
import { httpPeer } from './peers/http-peer.ts'
import { inMemoryPeer } from './peers/in-memory-peer.ts'
import type { Peer, PeerScript } from './peers/peer.ts'
import { smppPeer } from './peers/smpp-peer.ts'

/*
  What every connector does, whichever its protocol: delivery relies on this and on nothing else. A further connector is
  a connection in `ALL`, and the operator's side of its protocol a connection in `PEERS`.
*/

const IN_MEMORY: Record<string, InMemoryOperator> = {}
const ALL: ConnectorKinds = {
  ...CONNECTORS,
  'in-memory': inMemory(IN_MEMORY),
}
const PEERS: Readonly<Record<string, (script: PeerScript) => Promise<Peer>>> = {
  http: httpPeer,
  smpp: smppPeer,
  'in-memory': inMemoryPeer(IN_MEMORY),
}

const answersLater: PeerScript = () => {}
const takesAll: PeerScript = (submit, index) => submit.take(`id-${index}`)

type Options = Partial<OperatorOptions>

async function open(connector: string, script: PeerScript, options: Options = {}) {
  const peer = await PEERS[connector]!(script)
  const opened = await openOperator({ connectors: ALL, connector, settings: peer.settings, ...options })
  const submit = (more: Partial<OutgoingMessage> = {}, part = 1): Promise<SubmitResult> =>
    opened.connection.connector.submit(message(more), part)
  return { peer, opened, submit }
}

/** An operator that answers as the script says, reached and ready. */
async function reach(connector: string, script: PeerScript, options: Options = {}) {
  const reached = await open(connector, script, options)
  reached.opened.start()
  await ready(reached.opened)
  return reached
}

const ready = ({ connection }: OpenedOperator): Promise<boolean> =>
  eventually('the operator is ready', () => connection.connector.isReady, Boolean)

const arrived = (peer: Peer, submits: number): Promise<number> =>
  eventually(
    `${submits} submits have arrived`,
    () => peer.submits.length,
    (length) => length >= submits,
  )

/** Submits a message as an attempt is made: when its slot has come. */
async function deliver({ connection }: OpenedOperator): Promise<SubmitResult['kind']> {
  const slot = await connection.queue.slot({ customerId: 'c', priority: 1, topic: 't', partition: 0, cost: 1 })
  await slot!.due()
  const { kind } = await connection.connector.submit(message(), 1)
  connection.answered(kind)
  slot!.release()
  return kind
}

const kindsOf = (results: readonly SubmitResult[]): SubmitResult['kind'][] => results.map(({ kind }) => kind)

test('the suite has the operator side of every connector', () => {
  expect(Object.keys(PEERS).sort()).toEqual(Object.keys(ALL).sort())
})

describe.each(Object.keys(ALL))('connector %s: submits', (connector) => {
  test('nothing is submitted before it is started', async () => {
    const { peer, opened, submit } = await open(connector, takesAll)
    expect(opened.connection.connector.isReady).toBe(false)
    expect((await submit()).kind).toBe('unsent')
    expect(peer.open).toBe(0)
    opened.start()
    await ready(opened)
    expect((await submit()).kind).toBe('sent')
    expect(peer.submits).toHaveLength(1)
  })

  test('a submit is taken by the id that the operator gave it, cleaned', async () => {
    const { submit } = await reach(connector, (one) => one.take('a\u0001b-7'))
    expect(await submit()).toEqual({ kind: 'sent', operatorMessageId: 'ab-7' })
  })

  test('a long message has the same parts each time, and each can be taken', async () => {
    const { opened, peer } = await reach(connector, takesAll)
    const long = message({ text: 'again and again. '.repeat(30) })
    const partCount = opened.connection.connector.partsOf(long)
    const parts = Array.from({ length: partCount }, (_, index) => index + 1)
    const results = await Promise.all(parts.map((part) => opened.connection.connector.submit(long, part)))
    expect(kindsOf(results)).toEqual(parts.map(() => 'sent'))
    expect(peer.submits).toHaveLength(partCount)
    expect(opened.connection.connector.partsOf(long)).toBe(partCount)
  })

  test.each(['rejected', 'temporary', 'throttled'] as const)('a refusal is %s with its code', async (kind) => {
    const { submit } = await reach(connector, (one, index) => (index === 0 ? one.refuse(kind) : one.take('b')))
    expect(await submit()).toMatchObject({ kind, code: expect.stringMatching(/./) })
    expect((await submit()).kind).toBe('sent')
  })

  test('taken by an answer without a readable id is no refusal, and leaves a sample', async () => {
    const { submit } = await reach(connector, (one, index) => (index === 0 ? one.takeUnnamed() : one.take('b')))
    const result = await submit()
    expect(result).toMatchObject({ kind: 'unidentified', sample: expect.stringMatching(/./) })
    expect(UNIDENTIFIED_CODES).toContain(result.kind === 'unidentified' && result.code)
    expect((await submit()).kind).toBe('sent')
  })

  test('no message makes it throw, whatever its text and its sender are', async () => {
    const { opened } = await reach(connector, takesAll, { window: 100 })
    const odd = fc.string({ unit: 'binary', maxLength: 300 })
    const changes = fc.record({
      text: odd,
      sender: fc.option(odd),
      encoding: fc.constantFrom('gsm7', 'latin1', 'ucs2'),
      flash: fc.boolean(),
      validUntilMs: fc.option(fc.integer({ min: -1, max: 8_640_000_000_000 })),
    })
    await fc.assert(
      fc.asyncProperty(changes, async (more) => {
        const result = await opened.connection.connector.submit(message(more as Partial<OutgoingMessage>), 1)
        expect(['sent', 'rejected', 'temporary']).toContain(result.kind)
      }),
      { numRuns: 30 },
    )
    expect((await opened.connection.connector.submit(message(), 1)).kind).toBe('sent')
  })
})

describe.each(Object.keys(ALL))('connector %s: lost answers', (connector) => {
  test('an answer that is lost with the connection is ambiguous, and the operator is reached again', async () => {
    const { opened, peer, submit } = await reach(connector, (one, index) => (index === 0 ? one.lose() : one.take('b')))
    expect(await submit()).toMatchObject({ kind: 'ambiguous', code: 'connection-lost' })
    await ready(opened)
    expect((await submit()).kind).toBe('sent')
    expect(peer.submits).toHaveLength(2)
  })

  test('an answer that does not come in time is ambiguous; later it changes nothing', async () => {
    const { peer, submit } = await reach(
      connector,
      (one, index) => (index === 0 ? undefined : one.take(`id-${index}`)),
      { responseTimeoutMs: 300 },
    )
    expect(await submit()).toMatchObject({ kind: 'ambiguous', code: 'no-answer' })
    peer.submits[0]!.take('late')
    const next = await eventually(
      'a submit is answered',
      () => submit(),
      ({ kind }) => kind !== 'unsent',
    )
    expect(next).toEqual({ kind: 'sent', operatorMessageId: 'id-1' })
  })

  test('nothing is written to an operator that cannot be reached, and it is reached again by itself', async () => {
    const { peer, submit } = await reach(connector, takesAll)
    await peer.down()
    await eventually(
      'nothing is written',
      () => submit(),
      ({ kind }) => kind === 'unsent',
    )
    expect(peer.submits).toHaveLength(0)
    await peer.up()
    await eventually(
      'it is reached',
      () => submit(),
      ({ kind }) => kind === 'sent',
    )
    expect(peer.submits).toHaveLength(1)
  })
})

describe.each(Object.keys(ALL))('connector %s: back-pressure', (connector) => {
  test('the operator never has more unanswered submits than its window', async () => {
    let unanswered = 0
    let unansweredMax = 0
    const count: PeerScript = () => {
      unansweredMax = Math.max(unansweredMax, ++unanswered)
    }
    const { peer, submit } = await reach(connector, count, { window: 3 })
    const results = Promise.all(Array.from({ length: 9 }, () => submit()))
    await arrived(peer, 3)
    for (let index = 0; index < 9; index++) {
      await arrived(peer, index + 1)
      unanswered--
      peer.submits[index]!.take(`id-${index}`)
    }
    expect(kindsOf(await results)).toEqual(Array(9).fill('sent'))
    expect(unansweredMax).toBe(3)
  })

  test('messages wait for the pace of the operator, and none is written before its slot', async () => {
    const { opened, peer } = await reach(connector, takesAll, { paced: 2 })
    const deliveries = Array.from({ length: 5 }, () => deliver(opened))
    expect(await Promise.all(deliveries.slice(0, 2))).toEqual(['sent', 'sent'])
    expect(peer.submits).toHaveLength(2)
    expect(opened.connection.queue.waiting).toBe(3)
    opened.gate.open(3)
    expect(await Promise.all(deliveries)).toEqual(Array(5).fill('sent'))
    expect(opened.gate.refusals).toBe(0)
  })

  test('a refusal for pace reaches the gate', async () => {
    const { opened } = await reach(connector, (one) => one.refuse('throttled'))
    expect(await deliver(opened)).toBe('throttled')
    expect(opened.gate.refusals).toBe(1)
  })
})

describe.each(Object.keys(ALL))('connector %s: receipts', (connector) => {
  const PHONE = '+989121234567'
  const TAKEN = { operator: 'peer', phone: PHONE, attempt: 1, part: null, possibleDuplicate: false, takenAtMs: 0 }

  /** The submits of a worker, of which this was taken. */
  function remember(operatorMessageId: string): TakenSubmits {
    const taken = new TakenSubmits()
    taken.add({ ...TAKEN, ...statusSubject(7), operatorMessageId })
    return taken
  }

  const claim = (taken: TakenSubmits, receipt: Receipt) =>
    taken.claim('peer', receipt.operatorMessageId, { isRepetition: false, ...receipt })

  test('a receipt names the submit by the id of its answer, and the recipient', async () => {
    const { opened, peer, submit } = await reach(connector, takesAll)
    const result = await submit({ phone: PHONE })
    if (result.kind !== 'sent') throw new Error(`the submit was not taken: ${result.kind}`)
    const receipt = { id: result.operatorMessageId, status: 'failed', phone: PHONE } as const
    expect(await peer.push(receipt, opened.callbackUrl)).toBe(true)
    expect(opened.receipts).toMatchObject([{ operatorMessageId: 'id-0', status: 'failed' }])
    expect(opened.receipts[0]!.recipients).toEqual([comparableDigits(PHONE)])
    expect(claim(remember(result.operatorMessageId), opened.receipts[0]!)).toMatchObject({ smsId: 7 })
  })

  test('a receipt that comes twice is acknowledged twice, and matches once', async () => {
    const { opened, peer } = await reach(connector, takesAll)
    const receipt = { id: 'id-0', status: 'delivered', phone: PHONE } as const
    expect(await peer.push(receipt, opened.callbackUrl)).toBe(true)
    expect(await peer.push(receipt, opened.callbackUrl)).toBe(true)
    const taken = remember('id-0')
    expect(opened.receipts.map((each) => claim(taken, each))).toMatchObject([{ smsId: 7 }, 'none'])
  })

  test('a receipt may come before the answer to its submit', async () => {
    const { opened, peer, submit } = await reach(connector, answersLater)
    const submitting = submit({ phone: PHONE })
    await arrived(peer, 1)
    expect(await peer.push({ id: 'id-0', status: 'delivered', phone: PHONE }, opened.callbackUrl)).toBe(true)
    peer.submits[0]!.take('id-0')
    const { operatorMessageId } = opened.receipts[0]!
    expect(await submitting).toEqual({ kind: 'sent', operatorMessageId })
  })

  test('a receipt is acknowledged when it is stored, and not before', async () => {
    const { opened, peer } = await reach(connector, takesAll)
    const stored = Promise.withResolvers<void>()
    opened.storing = stored.promise
    let isAcknowledged = false
    const pushing = peer.push({ id: 'a', status: 'delivered', phone: PHONE }, opened.callbackUrl).then((answer) => {
      isAcknowledged = true
      return answer
    })
    await eventually('the receipt has arrived', () => opened.arrived, Boolean)
    expect(isAcknowledged).toBe(false)
    stored.resolve()
    expect(await pushing).toBe(true)
  })

  test('a receipt that cannot be stored is refused, and taken when the operator sends it again', async () => {
    const { opened, peer } = await reach(connector, takesAll)
    const receipt = { id: 'a', status: 'delivered', phone: PHONE } as const
    opened.canStore = false
    expect(await peer.push(receipt, opened.callbackUrl)).toBe(false)
    opened.canStore = true
    expect(await peer.push(receipt, opened.callbackUrl)).toBe(true)
    expect(opened.receipts).toMatchObject([{ operatorMessageId: 'a' }])
  })

  test('a receipt that names no submit is acknowledged, and kept for review', async () => {
    const { opened, peer } = await reach(connector, takesAll)
    expect(await peer.push({ id: null, status: 'delivered', phone: PHONE }, opened.callbackUrl)).toBe(true)
    expect(opened.receipts).toEqual([])
    expect(opened.oddReceipts).toMatchObject([{ operatorMessageId: null }])
  })
})

describe.each(Object.keys(ALL))('connector %s: the end', (connector) => {
  test('stopping awaits the answers to submits in flight, takes no further one, and closes the connection', async () => {
    const { opened, peer, submit } = await reach(connector, answersLater, { window: 2 })
    const submits = [submit(), submit()]
    await arrived(peer, 2)
    let isStopped = false
    const stopping = opened.stop().then(() => {
      isStopped = true
    })
    expect(opened.connection.connector.isReady).toBe(false)
    expect((await submit()).kind).toBe('unsent')
    expect(isStopped).toBe(false)
    for (const [index, one] of peer.submits.entries()) one.take(`id-${index}`)
    expect(kindsOf(await Promise.all(submits))).toEqual(['sent', 'sent'])
    await stopping
    await eventually(
      'no connection is open',
      () => peer.open,
      (connections) => connections === 0,
    )
    expect(peer.submits).toHaveLength(2)
  })

  test('a submit that waits for room when it stops is written or unsent, and its result says which', async () => {
    const { opened, peer, submit } = await reach(connector, answersLater, { window: 1 })
    const submits = Array.from({ length: 3 }, () => submit())
    await arrived(peer, 1)
    const stopping = opened.stop()
    let answered = 0
    const answering = setInterval(() => {
      for (const one of peer.submits.slice(answered)) one.take(`id-${answered++}`)
    }, 10)
    const kinds = kindsOf(await Promise.all(submits))
    clearInterval(answering)
    await stopping
    expect(kinds[0]).toBe('sent')
    expect(kinds.filter((kind) => kind !== 'unsent')).toHaveLength(peer.submits.length)
  })

  test('stopping waits no longer than the response timeout for an operator that is silent', async () => {
    const { opened, peer, submit } = await reach(connector, answersLater, { responseTimeoutMs: 300 })
    const submitting = submit()
    await arrived(peer, 1)
    await opened.stop()
    expect((await submitting).kind).toBe('ambiguous')
    expect((await submit()).kind).toBe('unsent')
  })

  test('it stops while the operator cannot be reached', async () => {
    const { opened, peer, submit } = await open(connector, takesAll)
    await peer.down()
    opened.start()
    await opened.stop()
    expect((await submit()).kind).toBe('unsent')
    expect(peer.open).toBe(0)
  })
})

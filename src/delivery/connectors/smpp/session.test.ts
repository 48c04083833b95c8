import fc from 'fast-check'
import { expect, test } from 'vitest'
import { COMMAND_STATUS } from '../../../smpp/command-status.ts'
import { decodePdu, type PduFault, type PduReading } from '../../../smpp/decode-pdu.ts'
import { encodePdu } from '../../../smpp/encode-pdu.ts'
import { createPdu, type Pdu } from '../../../smpp/pdu.ts'
import { Session } from './session.ts'
import type { SessionAction, SessionOptions } from './session-actions.ts'
import { SEQUENCE_MAX, SubmitWindow } from './submit-window.ts'

const OPTIONS: SessionOptions = {
  bind: (sequence) => createPdu('bind_transceiver', sequence, { systemId: 'us' }),
  window: 3,
  bindTimeoutMs: 5_000,
  responseTimeoutMs: 1_000,
  enquireLinkMs: 10_000,
  inactivityMs: 0,
}
const BIND = 1

function reading(pdu: Pdu): PduReading | PduFault {
  return decodePdu(encodePdu(pdu))
}

function bound(options: Partial<SessionOptions> = {}): Session<string> {
  const session = new Session<string>({ ...OPTIONS, ...options }, 0)
  session.connected(0)
  session.take(reading(createPdu('bind_transceiver_resp', BIND)), 0)
  return session
}

/** The actions in one line each. */
function described(actions: readonly SessionAction<string>[]): string[] {
  return actions.map((action) => {
    switch (action.kind) {
      case 'send':
        return `send ${action.pdu.command} ${action.pdu.sequence} ${action.pdu.status}`
      case 'answered':
        return `answered ${action.submit} ${action.answer.status}`
      case 'answered-unreadably':
        return `answered-unreadably ${action.submit}`
      case 'given-up':
        return `given-up ${action.submit} ${action.wasWritten ? 'written' : 'unwritten'} ${action.code}`
      case 'noted':
        return `noted ${action.oddity}`
      case 'close':
        return `close ${action.end.cause}`
      default:
        return action.kind
    }
  })
}

test('a session binds, and takes submits as far as its window has room', () => {
  const session = new Session<string>(OPTIONS, 0)
  expect(session.state).toBe('open')
  expect(session.hasRoom).toBe(false)
  expect(described(session.connected(1))).toEqual(['send bind_transceiver 1 0'])
  expect(described(session.take(reading(createPdu('bind_transceiver_resp', BIND)), 2))).toEqual(['bound'])
  expect(['a', 'b', 'c'].map((submit) => session.submit(submit, 3))).toEqual([2, 3, 4])
  expect(session.hasRoom).toBe(false)
  expect(() => session.submit('d', 3)).toThrow('no room')
  session.written(3)
  expect(described(session.take(reading(createPdu('submit_sm_resp', 3, { messageId: 'x' })), 4))).toEqual([
    'answered b 0',
  ])
  expect(session.hasRoom).toBe(true)
})

test.each([
  ['bind_transceiver_resp', COMMAND_STATUS.ESME_RINVPASWD.code],
  ['generic_nack', COMMAND_STATUS.ESME_RINVCMDID.code],
] as const)('a bind that is refused by %s ends the connection', (command, status) => {
  const session = new Session<string>(OPTIONS, 0)
  session.connected(0)
  expect(session.take(reading(createPdu(command, BIND, { status })), 0)).toEqual([
    { kind: 'close', end: { cause: 'refused', status, detail: expect.any(String) } },
  ])
})

test('connecting and binding together have one time-out', () => {
  const session = new Session<string>(OPTIONS, 0)
  expect(session.deadlineMs).toBe(5_000)
  session.connected(4_000)
  expect(session.deadlineMs).toBe(5_000)
  expect(session.expire(4_999)).toEqual([])
  expect(described(session.expire(5_000))).toEqual(['close bind-timeout'])
  expect(described(session.connected(5_001))).toEqual([])
})

test('an answer in time is an answer, a late one is counted, one to nothing as well', () => {
  const session = bound()
  session.submit('a', 100)
  session.written(100)
  session.take(reading(createPdu('enquire_link', 9)), 500)
  expect(session.deadlineMs).toBe(1_100)
  expect(described(session.expire(1_100))).toEqual(['given-up a written no-answer'])
  expect(session.isReady).toBe(true)
  expect(described(session.take(reading(createPdu('submit_sm_resp', 2)), 1_200))).toEqual(['noted late-answer'])
  expect(described(session.take(reading(createPdu('submit_sm_resp', 77)), 1_200))).toEqual(['noted unexpected-answer'])
})

test('a submit that was not handed to the socket cannot have arrived', () => {
  const session = bound()
  session.submit('a', 0)
  session.written(0)
  session.submit('b', 0)
  expect(described(session.expire(1_000))).toEqual(['given-up a written no-answer', 'given-up b unwritten not-written'])
  session.submit('c', 1_000)
  session.written(1_000)
  session.submit('d', 1_000)
  expect(described(session.closed('cut'))).toEqual([
    'given-up d unwritten connection-lost',
    'close connection-lost',
    'given-up c written connection-lost',
  ])
})

test('an SMSC that says nothing at all is asked, gets no more submits, and is given up if it goes on so', () => {
  const session = bound()
  session.submit('a', 100)
  session.written(100)
  expect(described(session.expire(1_100))).toEqual(['given-up a written no-answer', 'send enquire_link 3 0'])
  expect(session.isReady).toBe(false)
  expect(described(session.expire(2_100))).toEqual(['noted enquire-unanswered', 'close silent'])
})

test('a suspect SMSC that answers gets submits again', () => {
  const session = bound()
  session.submit('a', 100)
  session.written(100)
  session.expire(1_100)
  expect(described(session.take(reading(createPdu('submit_sm_resp', 2)), 1_500))).toEqual(['noted late-answer'])
  expect(session.isReady).toBe(true)
  // The question of before is still open, and closes nothing, as the SMSC has said something since.
  expect(described(session.expire(2_100))).toEqual(['noted enquire-unanswered'])
})

test('a quiet connection is kept alive from both sides', () => {
  const session = bound()
  expect(session.deadlineMs).toBe(10_000)
  expect(described(session.expire(10_000))).toEqual(['send enquire_link 2 0'])
  expect(described(session.expire(10_500))).toEqual([])
  expect(described(session.take(reading(createPdu('enquire_link_resp', 2)), 10_600))).toEqual([])
  expect(described(session.take(reading(createPdu('enquire_link', 5)), 10_700))).toEqual(['send enquire_link_resp 5 0'])
})

test('without traffic for too long the connection is made anew', () => {
  const session = bound({ inactivityMs: 3_000 })
  session.submit('a', 1_000)
  session.written(1_000)
  session.take(reading(createPdu('submit_sm_resp', 2)), 1_500)
  session.take(reading(createPdu('enquire_link', 1)), 4_000)
  expect(session.deadlineMs).toBe(4_500)
  expect(described(session.expire(4_500))).toEqual(['send unbind 3 0'])
  expect(described(session.take(reading(createPdu('unbind_resp', 3)), 4_600))).toEqual(['close inactive'])
})

test('stopping awaits answers and deliveries in flight, then unbinds', () => {
  const session = bound()
  session.submit('a', 0)
  session.written(0)
  const [delivery] = session.take(reading(createPdu('deliver_sm', 8, { esmClass: 4 })), 0)
  if (delivery?.kind !== 'delivery') throw new Error('no delivery')
  expect(described(session.stop(100))).toEqual([])
  expect(session.isReady).toBe(false)
  expect(described(session.take(reading(createPdu('submit_sm_resp', 2)), 200))).toEqual(['answered a 0'])
  expect(described(session.respond(delivery.pdu, 0, 300))).toEqual(['send deliver_sm_resp 8 0', 'send unbind 3 0'])
  expect(described(session.take(reading(createPdu('unbind_resp', 3)), 400))).toEqual(['close stopped'])
})

test('stopping takes no longer than two time-outs, whatever the SMSC does', () => {
  const session = bound()
  session.submit('a', 0)
  session.written(0)
  session.take(reading(createPdu('deliver_sm', 8, { esmClass: 4 })), 0)
  session.stop(100)
  expect(described(session.expire(1_000))).toEqual(['given-up a written no-answer'])
  expect(session.deadlineMs).toBe(1_100)
  expect(described(session.expire(1_100))).toEqual(['send unbind 3 0'])
  expect(session.deadlineMs).toBe(2_100)
  expect(described(session.expire(2_100))).toEqual(['close stopped'])
})

test("the SMSC's unbind is answered when the answers that it owes are there", () => {
  const session = bound()
  session.submit('a', 0)
  session.written(0)
  expect(described(session.take(reading(createPdu('unbind', 6)), 10))).toEqual([])
  expect(session.hasRoom).toBe(false)
  expect(described(session.take(reading(createPdu('submit_sm_resp', 2)), 20))).toEqual([
    'answered a 0',
    'send unbind_resp 6 0',
    'close unbound-by-smsc',
  ])
})

test('an SMSC that has forgotten the bind is left when all its answers are there', () => {
  const session = bound()
  const status = COMMAND_STATUS.ESME_RINVBNDSTS.code
  for (const submit of ['a', 'b']) session.submit(submit, 0)
  session.written(0)
  expect(described(session.take(reading(createPdu('submit_sm_resp', 2, { status })), 10))).toEqual(['answered a 4'])
  expect(described(session.take(reading(createPdu('submit_sm_resp', 3, { status })), 10))).toEqual([
    'answered b 4',
    'send unbind 4 0',
  ])
})

test('unexpected PDUs are answered as the specification says', () => {
  const session = bound()
  expect(described(session.take(reading(createPdu('query_sm', 5)), 0))).toEqual([
    'noted unknown-request',
    'send generic_nack 5 3',
  ])
  expect(described(session.take(reading(createPdu('alert_notification', 5)), 0))).toEqual(['noted unknown-request'])
  expect(described(session.take(reading(createPdu('query_sm_resp', 5)), 0))).toEqual(['noted unexpected-answer'])
  const unknown = encodePdu(createPdu('enquire_link', 7))
  unknown.writeUInt32BE(0x0000_0777, 4)
  expect(described(session.take(decodePdu(unknown), 0))).toEqual(['noted unreadable-pdu', 'send generic_nack 7 3'])
  const early = new Session<string>(OPTIONS, 0)
  early.connected(0)
  expect(described(early.take(reading(createPdu('deliver_sm', 4)), 0))).toEqual(['send deliver_sm_resp 4 4'])
})

test('an answer that cannot be read says that the submit was taken, as a refusal always can be read', () => {
  const session = bound()
  session.submit('a', 0)
  session.written(0)
  const answer = encodePdu(createPdu('submit_sm_resp', 2, { messageId: 'x'.repeat(255) }))
  const broken = Buffer.concat([answer.subarray(0, -1), Buffer.alloc(40, 'x')])
  broken.writeUInt32BE(broken.length, 0)
  expect(described(session.take(decodePdu(broken), 10))).toEqual(['noted unreadable-pdu', 'answered-unreadably a'])
  const refusal = Buffer.from(broken)
  refusal.writeUInt32BE(8, 8)
  session.submit('b', 20)
  session.written(20)
  refusal.writeUInt32BE(3, 12)
  expect(described(session.take(decodePdu(refusal), 30))).toEqual(['answered b 8'])
})

test('an answer to the bind whose body cannot be read is an answer to the bind: its body is not needed', () => {
  const session = new Session<string>(OPTIONS, 0)
  session.connected(1)
  const answer = encodePdu(createPdu('bind_transceiver_resp', BIND, { systemId: 'x'.repeat(255) }))
  const broken = Buffer.concat([answer.subarray(0, -1), Buffer.alloc(40, 'x')])
  broken.writeUInt32BE(broken.length, 0)
  expect(described(session.take(decodePdu(broken), 2))).toEqual(['noted unreadable-pdu', 'bound'])
})

test('sequence numbers begin again after the greatest, past those that are awaited', () => {
  const window = new SubmitWindow<string>(10, SEQUENCE_MAX - 1)
  expect([window.add('a', 0), window.add('b', 0), window.nextSequence()]).toEqual([SEQUENCE_MAX, 1, 2])
  const again = new SubmitWindow<string>(10)
  again.add('a', 0)
  for (let count = 0; count < 3; count++) again.nextSequence()
  expect(again.remove(1)?.submit).toBe('a')
})

/** What may happen to a session, in any order. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'submit' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'written' as const }) },
  fc.record({ kind: fc.constant('answer' as const), sequence: fc.integer({ min: 0, max: 30 }), status: fc.nat(100) }),
  fc.record({ kind: fc.constant('nack' as const), sequence: fc.integer({ min: 0, max: 30 }) }),
  fc.constant({ kind: 'deliver' as const }),
  fc.constant({ kind: 'unbind' as const }),
  fc.constant({ kind: 'enquire' as const }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }),
  fc.constant({ kind: 'stop' as const }),
)

test('every submit ends once, no window is exceeded, and a closed session is quiet', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const session = bound()
      const ended = new Map<string, number>()
      let submits = 0
      let nowMs = 0
      const unwritten = new Set<string>()
      const look = (actions: readonly SessionAction<string>[]): void => {
        for (const action of actions) {
          if (action.kind !== 'answered' && action.kind !== 'given-up') continue
          ended.set(action.submit, (ended.get(action.submit) ?? 0) + 1)
          if (action.kind === 'given-up') expect(action.wasWritten).toBe(!unwritten.has(action.submit))
        }
      }
      for (const each of happenings) {
        const wasClosed = session.state === 'closed'
        let actions: SessionAction<string>[] = []
        if (each.kind === 'submit' && session.hasRoom) {
          unwritten.add(`${submits}`)
          session.submit(`${submits++}`, nowMs)
        }
        if (each.kind === 'written') {
          unwritten.clear()
          session.written(nowMs)
        }
        if (each.kind === 'answer')
          actions = session.take(reading(createPdu('submit_sm_resp', each.sequence, { status: each.status })), nowMs)
        if (each.kind === 'nack') actions = session.take(reading(createPdu('generic_nack', each.sequence)), nowMs)
        if (each.kind === 'deliver') actions = session.take(reading(createPdu('deliver_sm', 1)), nowMs)
        if (each.kind === 'unbind') actions = session.take(reading(createPdu('unbind', 1)), nowMs)
        if (each.kind === 'enquire') actions = session.take(reading(createPdu('enquire_link', 1)), nowMs)
        if (each.kind === 'wait') {
          nowMs += each.ms
          if (session.deadlineMs <= nowMs) actions = session.expire(nowMs)
          expect(session.deadlineMs).toBeGreaterThan(nowMs)
        }
        if (each.kind === 'stop') actions = session.stop(nowMs)
        look(actions)
        expect(session.inWindow).toBeLessThanOrEqual(OPTIONS.window)
        if (wasClosed) expect(actions).toEqual([])
      }
      look(session.closed('over'))
      expect(session.inWindow).toBe(0)
      expect([...ended.values()].every((times) => times === 1)).toBe(true)
      expect(ended.size).toBe(submits)
    }),
  )
})

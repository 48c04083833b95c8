import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { readSettings } from '../../src/runtime/settings.ts'
import { treat } from '../../src/simulator/behaviour.ts'
import { simulatorSettings } from '../../src/simulator/config.ts'
import { COMMAND_STATUS } from '../../src/smpp/command-status.ts'
import { createPdu } from '../../src/smpp/pdu.ts'
import { eventually } from '../gateway/eventually.ts'
import { expectStatus, idOf, receiptsOf, reference, SimulatedSmscs, textOf } from '../servers/simulated-smsc.ts'

const smscs = new SimulatedSmscs()

afterEach(() => smscs.stop())
afterAll(() => smscs.remove())

test.each([
  ['SIMULATOR_TEMPORARY_SHARE', { SIMULATOR_TEMPORARY_STATUS: '0x0403' }, 0x403, 'temporary'],
  ['SIMULATOR_TEMPORARY_SHARE', {}, COMMAND_STATUS.ESME_RSYSERR.code, 'temporary'],
  ['SIMULATOR_REJECTED_SHARE', { SIMULATOR_REJECTED_STATUS: 'ESME_RSUBMITFAIL' }, 0x45, 'rejected'],
  ['SIMULATOR_THROTTLED_SHARE', {}, COMMAND_STATUS.ESME_RTHROTTLED.code, 'throttled'],
  ['SIMULATOR_QUEUE_FULL_SHARE', {}, COMMAND_STATUS.ESME_RMSGQFUL.code, 'queue-full'],
])('%s %o: refused, not taken, no receipt', async (share, env, status, result) => {
  const peer = await smscs.bind(await smscs.start({ [share]: '1', ...env }))
  expect((await peer.submitAndWait()).status).toBe(status)
  expect(await smscs.ledger()).toMatchObject([{ kind: 'submit', result, id: null, receipt_due_ms: null }])
})

test('what goes beyond rate or window is throttled', async () => {
  const rated = await smscs.bind(await smscs.start({ SIMULATOR_RATE_PER_SECOND: '5' }))
  const sequences = Array.from({ length: 40 }, () => rated.submit())
  const answers = await Promise.all(sequences.map((sequence) => rated.answerTo(sequence)))
  // Two seconds of the clock at most saw them.
  const taken = answers.filter((answer) => answer!.status === 0).length
  expect(taken).toBeGreaterThanOrEqual(5)
  expect(taken).toBeLessThanOrEqual(10)
  expectStatus(
    answers.find((answer) => answer!.status !== 0),
    'ESME_RTHROTTLED',
  )
  const windowed = await smscs.bind(await smscs.start({ SIMULATOR_WINDOW: '2', SIMULATOR_LATENCY_MS: '50' }))
  const three = [windowed.submit(), windowed.submit(), windowed.submit()]
  const [first, second, third] = await Promise.all(three.map((sequence) => windowed.answerTo(sequence)))
  expectStatus(first, 'ESME_ROK')
  expectStatus(second, 'ESME_ROK')
  expectStatus(third, 'ESME_RTHROTTLED')
})

test('an answer is lost: taken, with a receipt, and the link lives on', async () => {
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_LOST_ANSWER_SHARE: '1' }))
  const sequence = peer.submit()
  await receiptsOf(peer, 1)
  await peer.ask(createPdu('enquire_link', peer.nextSequence()))
  expect(peer.answerUnder(sequence)).toBeUndefined()
  expect(await smscs.submits()).toMatchObject([{ result: 'taken-unanswered', delivered: true }])
})

test.each([
  ['SIMULATOR_CUT_SHARE', 'taken-cut', 1],
  ['SIMULATOR_CUT_UNTAKEN_SHARE', 'cut', 0],
])('%s: the connection ends in the place of the answer', async (share, result, receipts) => {
  const simulator = await smscs.start({ [share]: '1' })
  const peer = await smscs.bind(simulator)
  const sequence = peer.submit()
  await peer.until(() => peer.isClosed)
  expect(peer.answerUnder(sequence)).toBeUndefined()
  expect(await smscs.submits()).toMatchObject([{ result }])
  expect(simulator.counts.receiptsOutstanding).toBe(receipts)
  const next = await smscs.bind(simulator)
  expect(await receiptsOf(next, receipts)).toHaveLength(receipts)
})

test('garbled answers: taken, unreadable in every way, and never mistaken for an answer', async () => {
  const simulator = await smscs.start({ SIMULATOR_GARBLED_SHARE: '1', SIMULATOR_RECEIPT_NEVER_SHARE: '1' })
  const ways = new Set<string>()
  for (let message = 1; message <= 40; message++) {
    const peer = await smscs.bind(simulator)
    const sequence = peer.submit({ tlvs: [reference(`${message}.1.1`)] })
    await peer.until(() => peer.isClosed || peer.faults.length > 0)
    expect(peer.answerUnder(sequence)).toBeUndefined()
    ways.add(peer.faults[0]?.reason ?? 'cut')
    peer.close()
  }
  expect([...ways].sort()).toEqual(['body', 'command-length', 'cut', 'unknown-command'])
  expect(new Set((await smscs.submits()).map(({ result }) => result))).toEqual(new Set(['taken-garbled']))
})

test('odd answers: taken, readable, and without an id; the connection goes on', async () => {
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_ODD_ANSWER_SHARE: '1' }))
  const ids = new Set<string>()
  for (let message = 1; message <= 40; message++) {
    const answer = await peer.submitAndWait({ tlvs: [reference(`${message}.1.1`)] })
    expectStatus(answer, 'ESME_ROK')
    ids.add(idOf(answer))
  }
  expect([...ids].every((id) => id.trim() === '')).toBe(true)
  expect(ids.size).toBeGreaterThan(1)
  expect(new Set((await smscs.submits()).map(({ result }) => result))).toEqual(new Set(['taken-odd']))
})

test('rubbish comes before receipts, of every kind, and the receipts come all the same', async () => {
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_RUBBISH_SHARE: '1' }))
  const ids = new Set<string>()
  for (let message = 1; message <= 100; message++) {
    ids.add(idOf(await peer.submitAndWait({ tlvs: [reference(`${message}.1.1`)] })))
  }
  const reported = (): Set<string> =>
    new Set(peer.receipts.flatMap((pdu) => /^id:([0-9]+) /.exec(textOf(pdu))?.[1] ?? []))
  await peer.until(() => reported().size === ids.size)
  expect(reported()).toEqual(ids)
  const commands = new Set(peer.received.map(({ command }) => command))
  for (const command of ['data_sm', 'alert_notification', 'generic_nack', 'query_sm_resp'] as const) {
    expect(commands).toContain(command)
  }
  expect(peer.faults.map(({ reason }) => reason)).toContain('unknown-command')
  expect(peer.isClosed).toBe(false)
})

test('a behaviour file is followed while it is there; a bad one changes nothing', async () => {
  const file = join(smscs.folder, 'behaviour.yaml')
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_BEHAVIOUR_FILE: file }))
  const untilStatus = (status: number) =>
    eventually(
      `a submit is answered with status ${status}`,
      async () => (await peer.submitAndWait()).status,
      (found) => found === status,
    )
  expect(await untilStatus(0)).toBe(0)
  writeFileSync(file, 'THROTTLED_SHARE: 1\n')
  expect(await untilStatus(COMMAND_STATUS.ESME_RTHROTTLED.code)).toBe(COMMAND_STATUS.ESME_RTHROTTLED.code)
  writeFileSync(file, 'QUEUE_FULL_SHARE: 1\nNO_SUCH_SHARE: 1\n')
  for (let n = 0; n < 20; n++) expectStatus(await peer.submitAndWait(), 'ESME_RTHROTTLED')
  rmSync(file)
  expect(await untilStatus(0)).toBe(0)
})

test('a submit in flight when the connection was cut is taken and has no answer', async () => {
  const simulator = await smscs.start({ SIMULATOR_CUT_SHARE: '0.2', SIMULATOR_LATENCY_MS: '100' })
  const peer = await smscs.bind(simulator)
  for (let message = 1; message <= 50; message++) peer.submit({ tlvs: [reference(`${message}.1.1`)] })
  const entries = await eventually(
    'the ledger has 50 submits',
    () => smscs.submits(),
    (found) => found.length === 50,
  )
  const answered = peer.received.filter(({ command }) => command === 'submit_sm_resp').length
  expect(entries.filter(({ result }) => result === 'taken')).toHaveLength(answered)
  expect(entries.some(({ result }) => result === 'taken-unanswered')).toBe(true)
  expect(entries.every(({ id }) => id !== null)).toBe(true)
})

test('slow answers come late, in no order', async () => {
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_SLOW_SHARE: '0.5', SIMULATOR_SLOW_MS: '300' }))
  const sequences = Array.from({ length: 20 }, (_, n) => peer.submit({ tlvs: [reference(`${n}.1.1`)] }))
  await Promise.all(sequences.map((sequence) => peer.answerTo(sequence)))
  const order = peer.received.filter(({ command }) => command === 'submit_sm_resp').map(({ sequence }) => sequence)
  expect(order).not.toEqual(sequences)
  expect([...order].sort((a, b) => a - b)).toEqual(sequences)
})

test('what chance does to each submit can be computed beforehand', async () => {
  const shares = {
    SIMULATOR_SEED: '7',
    SIMULATOR_TEMPORARY_SHARE: '0.2',
    SIMULATOR_REJECTED_SHARE: '0.1',
    SIMULATOR_LOST_ANSWER_SHARE: '0.1',
    SIMULATOR_THROTTLED_SHARE: '0.1',
    SIMULATOR_UNDELIVERED_SHARE: '0.3',
    SIMULATOR_UNDELIVERED_AS: 'UNDELIV:011,REJECTD:022',
    SIMULATOR_RECEIPT_TWICE_SHARE: '0.2',
  }
  const peer = await smscs.bind(await smscs.start(shares))
  for (let message = 1; message <= 200; message++) peer.submit({ tlvs: [reference(`${message}.1.1`)] })
  const entries = await eventually(
    'the ledger has 200 submits',
    () => smscs.submits(),
    (found) => found.length === 200,
  )
  const settings = readSettings(simulatorSettings, shares)
  for (const { ref, result, final, receipt } of entries) {
    const message = ref!.split('.')[0]!
    const expected = treat(settings, { message, submit: `${ref}.1`, part: 1, parts: 1 })
    expect(result).toBe(expected.fate)
    if (final !== null) expect({ final, receipt }).toEqual({ final: expected.final, receipt: expected.receipt })
  }
})

import { expect, onTestFinished, test } from 'vitest'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu } from '../../src/smpp/pdu.ts'
import { createTlv } from '../../src/smpp/tlv.ts'
import { CALLS, listenFor } from '../servers/callback-operator.ts'
import { eventually } from '../servers/eventually.ts'
import { openSmpp, ready } from '../servers/open-smpp.ts'
import { type ReceiptWorker, startReceiptWorker } from '../servers/receipt-worker.ts'
import { ScriptedSmsc } from '../servers/scripted-smsc.ts'
import { type Draw, drawFrom } from '../smpp/mutate-pdus.ts'

/** Odd receipts and callbacks, half of each; RECEIPT_FUZZ=20000 for the record, RECEIPT_FUZZ_SEED for the same again. */
const ODD = Number(process.env.RECEIPT_FUZZ ?? 3_000)
const SEED = Number(process.env.RECEIPT_FUZZ_SEED ?? Date.now() % 2 ** 31)
const TIMEOUT_MS = 120_000 + ODD * 30
/** Of the healthy operators, each. */
const HEALTHY = 200
/** Submits of the odd operators that receipts may meet. */
const TAKEN = 200
/** The SMSC waits for answers as it would: a window. */
const WINDOW = 50

const phoneOf = (n: number): string => `+98912${1_000_000 + n}`

/** Text that nobody should send, and some that everybody does. */
function oddText(draw: Draw): string {
  const pieces = [
    'id:',
    'stat:',
    'DELIVRD',
    '\0',
    '\u0085',
    'é',
    '\ud800',
    ' ',
    '%',
    '&',
    '"',
    "'",
    '\\',
    '{}',
    '9'.repeat(draw(300)),
    '٠',
    '\u2028',
  ]
  return Array.from({ length: draw(6) }, () => pieces[draw(pieces.length)]!).join('')
}

function oddId(draw: Draw): string {
  const known = `odd${draw(TAKEN)}`
  return [
    known,
    known.toUpperCase(),
    `00${known}`,
    `${known}\0`,
    ` ${known} `,
    `nobody's ${draw(1_000)}`,
    oddText(draw),
    '',
  ][draw(8)]!
}

function oddAddress(draw: Draw): string {
  const digits = phoneOf(draw(TAKEN)).slice(1)
  return [digits, `0${digits.slice(2)}`, `00${digits}`, '', 'Acme', '10008', oddText(draw), `${digits.slice(0, 5)}***`][
    draw(8)
  ]!
}

const STATES = ['DELIVRD', 'UNDELIV', 'EXPIRED', 'ENROUTE', 'UNKNOWN', '11', 'WHATEVER', '', '\0', '2']

/** A deliver_sm as only a broken SMSC would send it, whole enough that its number can be read. */
function oddDelivery(draw: Draw, sequence: number): Buffer {
  const words = [
    `id:${oddId(draw)} sub:001 dlvrd:001 submit date:${draw(10_000)} done date:${draw(2) ? '2611241157' : oddText(draw)} stat:${STATES[draw(STATES.length)]} err:${oddText(draw)} text:${oddText(draw)}`,
    `id:${oddId(draw)} ${STATES[draw(STATES.length)]}`,
    oddText(draw),
  ][draw(3)]!
  const tlvs = [
    ...(draw(3) ? [] : [{ tag: 0x1e, value: Buffer.from(oddId(draw), 'latin1') }]),
    ...(draw(3) ? [] : [createTlv('message_state', draw(256))]),
    ...(draw(20) ? [] : [{ tag: 0x1401 + draw(3), value: Buffer.alloc(draw(60_000), draw(256)) }]),
    ...(draw(5) ? [] : [createTlv('message_payload', Buffer.from(words + oddText(draw), 'latin1'))]),
  ]
  const frame = encodePdu(
    createPdu('deliver_sm', sequence, {
      esmClass: [4, 4, 4, 4, 0, 8, 0x20, 0x44, 0x40, draw(256)][draw(10)]!,
      dataCoding: [0, 0, 0, 3, 8, draw(256)][draw(6)]!,
      sourceAddr: Buffer.from(oddAddress(draw), 'latin1').toString('latin1').replaceAll('\0', '?').slice(0, 20),
      shortMessage: Buffer.from(words, 'latin1').subarray(0, draw(255)),
      tlvs,
    }),
  )
  const damaged = damage(draw, frame)
  damaged.writeUInt32BE(damaged.length, 0)
  damaged.writeUInt32BE(5, 4)
  damaged.writeUInt32BE(sequence, 12)
  return damaged
}

function damage(draw: Draw, frame: Buffer): Buffer {
  const kind = draw(6)
  if (kind === 0) return Buffer.concat([frame, Buffer.from(Array.from({ length: 1 + draw(20) }, () => draw(256)))])
  if (kind === 1) return Buffer.from(frame.subarray(0, 16 + draw(frame.length - 15)))
  if (kind === 2) frame[16 + draw(frame.length - 16)] = draw(256)
  return Buffer.from(frame)
}

/** A callback with its token. */
function oddCallback(draw: Draw): { query: string; init: RequestInit } {
  const state = ['DELIVERED', 'FAILED', 'QUEUED', 'delivered', oddText(draw), ''][draw(6)]!
  const fields = { id: oddId(draw), state, to: oddAddress(draw), text: oddText(draw) }
  const encoded = Object.entries(fields)
    .map(([name, value]) => `${name}=${draw(4) ? encodeURIComponent(value.toWellFormed()) : '%E9%00%zz%'}`)
    .join('&')
  const json = JSON.stringify(draw(4) ? fields : [fields, fields, draw(100), null, 'x'])
  const bodies = [
    json,
    json.slice(0, draw(json.length)),
    json.replace(/"odd(\d+)"/, '7091800003790954$1'),
    Buffer.from(json, 'latin1'),
    Buffer.from(Array.from({ length: draw(200) }, () => draw(256))),
    '',
  ]
  const headers = { 'content-type': ['application/json', 'text/plain', 'application/x-www-form-urlencoded'][draw(3)]! }
  if (draw(3) === 0) return { query: encoded, init: {} }
  return { query: draw(2) ? encoded : '', init: { method: 'POST', headers, body: bodies[draw(bodies.length)]! } }
}

/** An SMSC of an operator, and the connector to it. */
async function smppOperator(worker: ReceiptWorker, operator: string) {
  const smsc = await ScriptedSmsc.start()
  onTestFinished(() => smsc.stop())
  const opened = openSmpp(smsc.address, {}, { ...worker.eventsOf(operator), responseTimeoutMs: 60_000 })
  await ready(opened)
  const answers = () => smsc.received('deliver_sm_resp')
  /** Sends frames as fast as they are answered. Returns the statuses. */
  const deliverAll = async (frames: readonly Buffer[]): Promise<number[]> => {
    for (let sent = 0; sent < frames.length; sent += WINDOW) {
      const some = frames.slice(sent, sent + WINDOW)
      smsc.links[0]!.sendBytes(Buffer.concat(some))
      await eventually(
        'every PDU is answered',
        () => answers().length,
        (length) => length >= sent + some.length,
        TIMEOUT_MS,
      )
    }
    return answers().map(({ status }) => status)
  }
  return { opened, smsc, deliverAll }
}

function takeAll(worker: ReceiptWorker, operator: string, prefix: string, count: number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => {
      return worker.take({ operator, phone: phoneOf(n), ids: [`${prefix}${n}`], isElsewhere: n % 4 === 0 })
    }),
  )
}

const sum = (counts: ReadonlyMap<string, number>, of: RegExp): number =>
  [...counts].filter(([name]) => of.test(name)).reduce((total, [, count]) => total + count, 0)

test(`odd receipts and callbacks cost only themselves, and each is accounted for by name (seed ${SEED})`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const draw = drawFrom(SEED)
  const worker = await startReceiptWorker()
  const [odd, healthy] = [await smppOperator(worker, 'odd'), await smppOperator(worker, 'healthy')]
  const { base, answers, delivered } = await listenFor(worker, { 'odd-http': CALLS, 'healthy-http': CALLS })
  await takeAll(worker, 'odd', 'odd', TAKEN)
  await takeAll(worker, 'odd-http', 'odd', TAKEN)
  const healthySms = await takeAll(worker, 'healthy', 'h', HEALTHY)
  const healthyHttp = await takeAll(worker, 'healthy-http', 'h', HEALTHY)

  const call = async (operator: string, query: string, init: RequestInit): Promise<number> =>
    (await fetch(`${base}/${operator}?token=t&${query}`, init)).status
  const healthyCalls = async (): Promise<number[]> => {
    const statuses: number[] = []
    for (let n = 0; n < HEALTHY; n++)
      statuses.push(await call('healthy-http', `id=h${n}&state=DELIVERED&to=${phoneOf(n).slice(1)}`, {}))
    return statuses
  }
  const oddCalls = async (): Promise<number[]> => {
    const statuses: number[] = []
    for (let n = 0; n < ODD / 2; n += WINDOW) {
      const some = Array.from({ length: Math.min(WINDOW, ODD / 2 - n) }, () => oddCallback(draw))
      statuses.push(...(await Promise.all(some.map(({ query, init }) => call('odd-http', query, init)))))
    }
    return statuses
  }
  const oddFrames = Array.from({ length: ODD / 2 }, (_, n) => oddDelivery(draw, n + 1))
  const healthyFrames = healthySms.map((_, n) => {
    const shortMessage = Buffer.from(`id:h${n} stat:DELIVRD err:000`)
    return encodePdu(createPdu('deliver_sm', n + 1, { esmClass: 4, sourceAddr: phoneOf(n).slice(1), shortMessage }))
  })
  const [oddStatuses, healthyStatuses, oddAnswers, healthyAnswers] = await Promise.all([
    odd.deliverAll(oddFrames),
    healthy.deliverAll(healthyFrames),
    oddCalls(),
    healthyCalls(),
  ])

  for (const smsId of [...healthySms, ...healthyHttp]) expect(worker.reported(smsId)).toEqual(['delivered'])
  expect(new Set([...healthyStatuses, ...healthyAnswers])).toEqual(new Set([0, 200]))
  expect(sum(worker.outcomes, /^healthy(-http)? /)).toBe(sum(worker.outcomes, /^healthy(-http)? matched$/))

  // Of the odd ones each is answered once, and none by a wish to have it again.
  expect(oddStatuses).toHaveLength(oddFrames.length)
  expect(oddStatuses).not.toContain(0x64)
  expect(oddAnswers).toHaveLength(ODD / 2)
  expect(new Set(oddAnswers)).toEqual(new Set([200]))
  expect(answers.get('odd-http 200')).toBe(ODD / 2)
  expect(odd.opened.ends).toEqual([])

  const { told } = odd.opened
  const refused = oddStatuses.filter((status) => status !== 0).length
  expect(sum(told, /^delivered /) + refused).toBe(oddFrames.length)
  const settled = /^odd (matched|repeated|contradicting|early|ambiguous|unstorable)$/
  expect(sum(worker.outcomes, settled)).toBe(told.get('delivered receipt'))
  expect(worker.outcomes.get('odd unreadable')).toBe(told.get('delivered unreadable'))
  expect(sum(worker.outcomes, /^odd incoming /)).toBe(told.get('delivered message'))
  const settledHttp = /^odd-http (matched|repeated|contradicting|early|ambiguous|unstorable)$/
  expect(sum(worker.outcomes, settledHttp)).toBe(delivered.get('odd-http receipt'))
  expect(worker.outcomes.get('odd-http unreadable')).toBe(delivered.get('odd-http unreadable'))
  expect(sum(worker.outcomes, /unstorable|reduced/)).toBe(0)
  console.log(JSON.stringify({ seed: SEED, odd: ODD, refused, ...Object.fromEntries([...worker.outcomes].sort()) }))
})

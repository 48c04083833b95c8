import { expect, onTestFinished, test } from 'vitest'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu } from '../../src/smpp/pdu.ts'
import { eventually } from '../gateway/eventually.ts'
import { drawFrom } from '../gateway/peers/mutate-pdus.ts'
import { OddReceipts } from '../gateway/peers/odd-receipts.ts'
import { ScriptedSmsc } from '../gateway/peers/scripted-smsc.ts'
import { CALLS, listenFor } from '../servers/callback-operator.ts'
import { openSmpp, ready } from '../servers/open-smpp.ts'
import { type ReceiptWorker, startReceiptWorker } from '../servers/receipt-worker.ts'

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
  const odds = new OddReceipts(draw, () => {
    const n = draw(TAKEN)
    return { id: `odd${n}`, phone: phoneOf(n) }
  })
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
      const some = Array.from({ length: Math.min(WINDOW, ODD / 2 - n) }, () => odds.callback())
      statuses.push(...(await Promise.all(some.map(({ query, init }) => call('odd-http', query, init)))))
    }
    return statuses
  }
  const oddFrames = Array.from({ length: ODD / 2 }, (_, n) => odds.delivery(n + 1).frame)
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

  const { observed } = odd.opened
  const refused = oddStatuses.filter((status) => status !== 0).length
  expect(sum(observed, /^delivered /) + refused).toBe(oddFrames.length)
  const settled = /^odd (matched|repeated|contradicting|early|ambiguous|unstorable)$/
  expect(sum(worker.outcomes, settled)).toBe(observed.get('delivered receipt'))
  expect(worker.outcomes.get('odd unreadable')).toBe(observed.get('delivered unreadable'))
  expect(sum(worker.outcomes, /^odd incoming /)).toBe(observed.get('delivered message'))
  const settledHttp = /^odd-http (matched|repeated|contradicting|early|ambiguous|unstorable)$/
  expect(sum(worker.outcomes, settledHttp)).toBe(delivered.get('odd-http receipt'))
  expect(worker.outcomes.get('odd-http unreadable')).toBe(delivered.get('odd-http unreadable'))
  expect(sum(worker.outcomes, /unstorable|reduced/)).toBe(0)
  console.log(JSON.stringify({ seed: SEED, odd: ODD, refused, ...Object.fromEntries([...worker.outcomes].sort()) }))
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startBenchGateway } from '../../bench/bench-gateway.ts'
import { postOpenLoop } from '../../bench/load/post-open-loop.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { REFERENCE_TAG, refOf } from '../servers/odd-smpp-answers.ts'
import { ScriptedSmsc } from '../servers/scripted-smsc.ts'
import { withBody } from '../servers/with-body.ts'
import { judgeAccepted } from './judge-accepted.ts'

const RATE = Number(process.env.SILENT_RATE || 100)
const SECONDS = Number(process.env.SILENT_SECONDS || 5)
const PHONES_EACH = 1_000
/** Of a message without a validity of its own; production has a week. */
const VALID_SECONDS = 20
const RESENDS_MAX = 2
/** Generous: what works may take seconds on a busy machine. */
const FINAL_MS_MAX = 120_000

/** In the order of their numbers: a fifth of the load each. */
const OPERATORS = ['healthy', 'silent-resend', 'silent-hold', 'silent-http', 'no-receipts'] as const
type Operator = (typeof OPERATORS)[number]

/** The submits that an operator saw, by `<sms_id>.<attempt>`. */
type Seen = string[]

async function startSmsc(seen: Seen, isSilent: boolean): Promise<string> {
  const smsc = await ScriptedSmsc.start((pdu) => {
    if (pdu.command !== 'submit_sm') return false
    seen.push(refOf(pdu))
    return isSilent
  })
  onTestFinished(() => smsc.stop())
  return smsc.address
}

async function startSilentAggregator(seen: Seen): Promise<string> {
  const listener = withBody((_request, _response, body) => {
    seen.push((JSON.parse(body) as { ref: string }).ref)
  })
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startOperators(seen: Readonly<Record<Operator, Seen>>): Promise<string> {
  const smpp = (address: string): string =>
    `connector: smpp, smpp: {address: "${address}", system_id: smsgw, reference_tlv: ${REFERENCE_TAG}}`
  const url = await startSilentAggregator(seen['silent-http'])
  const http = `connector: http, http: {request: {url: "${url}", json: {ref: "{ref}"}}, answer: {id: /id}}`
  const rules = 'window: 20, response_timeout_ms: 500, receipt_timeout_ms: 3000'
  const resend = `${rules}, on_ambiguous: resend, resends_max: ${RESENDS_MAX}, resend_ms_first: 200`
  const routes = OPERATORS.map((operator, n) => `  - {prefix: "98912000${n}", operator: ${operator}, price: 100}`)
  return `operators:
  healthy: {${smpp('embedded')}, window: 500, response_timeout_ms: 30000, on_ambiguous: hold}
  silent-resend: {${smpp(await startSmsc(seen['silent-resend'], true))}, ${resend}}
  silent-hold: {${smpp(await startSmsc(seen['silent-hold'], true))}, ${rules}, on_ambiguous: hold}
  silent-http: {${http}, ${resend}}
  no-receipts: {${smpp(await startSmsc(seen['no-receipts'], false))}, ${resend}}
routes:
${routes.join('\n')}
`
}

interface FinalMessage {
  readonly smsId: number
  readonly operator: Operator
  readonly status: string
  readonly settlement: string
  readonly isFlagged: boolean
  readonly tookMs: number
}

async function readMessages(pool: Pool): Promise<FinalMessage[]> {
  const { rows } = await pool.query<FinalMessage>(
    `SELECT m.sms_id AS "smsId", m.operator, s.status, s.settlement, s.possible_duplicate AS "isFlagged",
       (extract(epoch FROM s.updated_at - m.accepted_at) * 1000)::float8 AS "tookMs"
     FROM messages m JOIN message_states s USING (sms_id) WHERE m.customer_id LIKE 'bench-%'`,
  )
  return rows
}

test('operators that take messages and never answer: each message ends by itself, is charged or refunded once, and none is sent twice without saying so', async () => {
  const seen: Record<Operator, Seen> = {
    ...{ healthy: [], 'silent-resend': [], 'silent-hold': [], 'silent-http': [], 'no-receipts': [] },
  }
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-silent-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'operators.yaml')
  writeFileSync(file, await startOperators(seen))
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({
    brokers: 1,
    customers: 5,
    webhooks: { customers: 0, url: '' },
    env: {
      OPERATORS_FILE: file,
      DELIVERY_VALID_SECONDS: String(VALID_SECONDS),
      RECEIPT_WATCH_PERIOD_MS: '500',
      RECEIPT_WATCH_AFTER_MS: '1000',
    },
  })
  onTestFinished(stop)

  const load = await postOpenLoop({
    api: gateway.servers.api,
    apiKeys,
    ratePerSecond: RATE,
    seconds: SECONDS,
    connections: 64,
    idempotency: 'silent',
    phones: OPERATORS.length * PHONES_EACH,
  })
  expect(load.accepted).toHaveLength(RATE * SECONDS)
  // Every one is final; books, and what the healthy operator took, are in order.
  await judgeAccepted(gateway, pool, [load], FINAL_MS_MAX)

  const messages = Map.groupBy(await readMessages(pool), ({ operator }) => operator)
  const outcomes = (operator: Operator): string[] => [
    ...new Set(messages.get(operator)!.map(({ status, settlement }) => `${status} ${settlement}`)),
  ]
  expect(outcomes('healthy')).toEqual(['delivered captured'])
  expect(outcomes('no-receipts')).toEqual(['unknown captured'])
  for (const operator of ['silent-resend', 'silent-hold', 'silent-http'] as const) {
    const submits = Map.groupBy(seen[operator], (ref) => Number(ref.split('.')[0]))
    for (const { smsId, status, settlement, isFlagged } of messages.get(operator)!) {
      // Paid for if the operator may have it, else refunded: the circuit breaker kept it back until its validity had
      // ended.
      const times = submits.get(smsId)?.length ?? 0
      const end = times > 0 ? 'unknown captured' : 'expired released'
      expect(`${status} ${settlement}`, `${smsId} of ${operator}, submitted ${times} times`).toBe(end)
      expect(times).toBeLessThanOrEqual(operator === 'silent-hold' ? 1 : RESENDS_MAX + 1)
      expect(isFlagged, `${smsId} of ${operator}, submitted ${times} times`).toBe(times > 1)
    }
  }
  // An operator that answers and sends no receipts has each once.
  expect(new Set(seen['no-receipts']).size).toBe(seen['no-receipts'].length)
  expect(seen['no-receipts']).toHaveLength(messages.get('no-receipts')!.length)
  const { rows: letters } = await pool.query('SELECT reason FROM dead_letters')
  expect(letters).toEqual([])
  for (const operator of OPERATORS) console.log(operator, JSON.stringify(figures(messages.get(operator)!, seen)))
})

function figures(messages: readonly FinalMessage[], seen: Readonly<Record<Operator, Seen>>) {
  const times = messages.map(({ tookMs }) => Math.round(tookMs)).sort((a, b) => a - b)
  const statuses = Map.groupBy(messages, ({ status }) => status)
  return {
    ...{ rate: RATE, seconds: SECONDS, messages: messages.length },
    ...Object.fromEntries([...statuses].map(([status, those]) => [status, those.length])),
    submitsSeen: seen[messages[0]!.operator].length,
    finalAfterMs: { p50: times[Math.floor(times.length / 2)], max: times.at(-1) },
  }
}

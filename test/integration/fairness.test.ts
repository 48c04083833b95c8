import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { deliveryPartition } from '../../src/events/delivery-partition.ts'
import { startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { customerIdOf } from '../gateway/fill/fill-customers.ts'
import { postOpenLoop } from '../gateway/load/post-open-loop.ts'

/** 200,000, and 100 probes, for the record. */
const MESSAGES = Number(process.env.TEST_WAITING_MESSAGES ?? 20_000)
const CUSTOMERS = 400
const LAYOUT = { partitions: 50, expressPartitions: 5 }
const PROBES = Number(process.env.TEST_PROBES ?? 20)
const PROBE_EVERY_MS = 200
/** Messages of the large customer that an operator of 200 a second takes in the time that a busy machine may need. */
const BETWEEN_MAX = 600
const OPERATORS = `operators:
  simulator:
    connector: smpp
    smpp: {address: embedded, system_id: smsgw, reference_tlv: 0x1501}
    window: 500
    response_timeout_ms: 10000
    on_ambiguous: resend
    per_second: 200
routes:
  - {prefix: "", operator: simulator, price: 100}
`

interface Probe {
  readonly kind: 'message' | 'otp' | 'otp of the large'
  readonly smsId: number
  readonly postedMs: number
}

interface Submit {
  readonly smsId: number
  readonly atMs: number
}

/** What the operator was handed so far, in its order. */
function readSubmits(dataFolder: string): Submit[] {
  const ledger = readFileSync(join(dataFolder, 'simulator', 'ledger.ndjson'), 'utf8')
    .split('\n')
    .slice(0, -1)
  return ledger
    .map((line) => JSON.parse(line) as { kind: string; ref: string; arrived: string })
    .filter(({ kind }) => kind === 'submit')
    .map(({ ref, arrived }) => ({ smsId: Number(ref.split('.')[0]), atMs: Date.parse(arrived) }))
}

async function post(api: string, apiKey: string, kind: Probe['kind'], n: number): Promise<Probe> {
  const postedMs = Date.now()
  const answer = await request(`${api}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: `+98935000${1_000 + n}`, text: kind, priority: kind === 'message' ? 1 : 3 }),
  })
  const { sms_id: smsId } = (await answer.body.json()) as { sms_id: number }
  return { kind, smsId, postedMs }
}

test('while one customer’s messages wait for a slow operator, another’s in the same partition, and OTPs, leave at once', {
  timeout: 480_000,
}, async () => {
  const { path: folder, remove } = temporaryFolder('smsgw-test')
  onTestFinished(remove)
  const operatorsFile = join(folder, 'operators.yaml')
  writeFileSync(operatorsFile, OPERATORS)
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({
    brokers: 1,
    customers: CUSTOMERS,
    webhooks: { customers: 0, url: '' },
    env: { OPERATORS_FILE: operatorsFile, DELIVERY_EXPRESS_PARTITIONS: '5' },
  })
  onTestFinished(stop)
  const { api } = gateway.servers
  const placeOf = (index: number): number => deliveryPartition(customerIdOf(index), 1, LAYOUT)
  const neighbour = Array.from({ length: CUSTOMERS }, (_, n) => n).find((n) => n > 0 && placeOf(n) === placeOf(0))!
  const [largeKey, smallKey] = [apiKeys[0]!, apiKeys[neighbour]!]

  const ratePerSecond = 4_000
  const load = { api, apiKeys: [largeKey], ratePerSecond, seconds: MESSAGES / ratePerSecond, connections: 4 }
  const bulk = await postOpenLoop({ ...load, phones: 1_000_000, messagesPerPost: 500, idempotency: null })
  expect(bulk.acceptedCount).toBe(MESSAGES)
  const inOutbox = async () => (await pool.query<{ n: number }>('SELECT count(*) AS n FROM outbox')).rows[0]!.n
  await eventually('the outbox is empty', inOutbox, (count) => count === 0, 60_000)

  const probes: Promise<Probe>[] = []
  for (let n = 0; n < PROBES; n++) {
    probes.push(post(api, smallKey, 'message', 3 * n))
    probes.push(post(api, smallKey, 'otp', 3 * n + 1))
    probes.push(post(api, largeKey, 'otp of the large', 3 * n + 2))
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS))
  }
  const sent = await Promise.all(probes)
  const probeIds = new Set(sent.map(({ smsId }) => smsId))
  const submits = await eventually(
    'every probe is submitted',
    () => readSubmits(gateway.dataFolder),
    (found) => found.filter(({ smsId }) => probeIds.has(smsId)).length >= probeIds.size,
    60_000,
  )
  expect(submits.filter(({ smsId }) => probeIds.has(smsId))).toHaveLength(probeIds.size)
  const bulkSubmits = submits.filter(({ smsId }) => !probeIds.has(smsId))
  expect(bulkSubmits.length).toBeGreaterThan(PROBES)
  expect(bulkSubmits.length).toBeLessThan(MESSAGES)
  expect(new Set(submits.map(({ smsId }) => smsId)).size).toBe(submits.length)
  for (const kind of ['message', 'otp', 'otp of the large'] as const) {
    const waits = sent
      .filter((probe) => probe.kind === kind)
      .map(({ smsId, postedMs }) => {
        const { atMs } = submits.find((submit) => submit.smsId === smsId)!
        const between = bulkSubmits.filter((submit) => submit.atMs > postedMs && submit.atMs < atMs).length
        return { ms: atMs - postedMs, between }
      })
      .sort((a, b) => a.ms - b.ms)
    const [median, worst] = [waits[PROBES >> 1]!, waits.at(-1)!]
    console.log(
      `${kind}: ${median.ms} ms, at worst ${worst.ms} ms, with ${worst.between} of the large customer before it`,
    )
    for (const { between } of waits) expect(between).toBeLessThan(BETWEEN_MAX)
  }
})

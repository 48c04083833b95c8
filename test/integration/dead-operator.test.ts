import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { eventually } from '../gateway/eventually.ts'
import { postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { judgeOutage, type Share } from '../gateway/outage/judge-outage.ts'
import { OutageGateway } from '../gateway/outage/outage-gateway.ts'

const RATE_PER_SECOND = 100
const AROUND_SECONDS = 3
const OUTAGE_SECONDS = 8
const CUSTOMERS = 2
/** Each customer has more than this for the dead operator before it is back. */
const CUSTOMER_TASKS_MAX = 25

interface Accepted {
  readonly smsId: number
  readonly share: Share
  readonly status: string | null
}

async function readAccepted({ bench, shareOf }: OutageGateway): Promise<Accepted[]> {
  const { rows } = await bench.pool.query<{ sms_id: number; phone: string; status: string | null }>(
    'SELECT m.sms_id, m.phone, s.status FROM messages m LEFT JOIN message_states s USING (sms_id)',
  )
  return rows.map(({ sms_id: smsId, phone, status }) => ({ smsId, share: shareOf(phone), status }))
}

/** Messages of these shares that no operator was sent, but for those whose answer the dead one owes. */
async function readMissing(outage: OutageGateway, shares: readonly Share[]): Promise<Accepted[]> {
  const arrived = new Set((await outage.submits()).map(({ smsId }) => smsId))
  const accepted = await readAccepted(outage)
  return accepted.filter(
    ({ smsId, share, status }) => shares.includes(share) && !arrived.has(smsId) && status !== 'unknown',
  )
}

test('one of three operators dies: the others’ messages go on, its own go by another or wait, and none goes twice', {
  timeout: 300_000,
}, async () => {
  const { path: folder, remove } = temporaryFolder('smsgw-test')
  onTestFinished(remove)
  const env = { DELIVERY_AWAY_MS: '1000', DELIVERY_CUSTOMER_TASKS_MAX: String(CUSTOMER_TASKS_MAX) }
  const outage = await OutageGateway.start({ folder, customers: CUSTOMERS, phonesOfShare: 100, env })
  onTestFinished(() => outage.stop())
  const { apiKeys, gateway } = outage.bench
  const offer = async (seconds: number): Promise<void> => {
    const load = { api: gateway.servers.api, apiKeys, ratePerSecond: RATE_PER_SECOND, seconds, connections: 16 }
    const { acceptedCount } = await postOpenLoop({ ...load, phones: outage.phones, idempotency: null })
    expect(acceptedCount).toBe(RATE_PER_SECOND * seconds)
  }
  const none = (found: readonly Accepted[]): boolean => found.length === 0

  const beginMs = Date.now()
  await offer(AROUND_SECONDS)
  const killedMs = Date.now()
  await outage.kill('a')
  await offer(OUTAGE_SECONDS)
  expect(
    await eventually(
      'no message of failover, b and c is missing',
      () => readMissing(outage, ['failover', 'b', 'c']),
      none,
    ),
  ).toEqual([])
  const waiting = await readMissing(outage, ['waiting'])
  expect(waiting.length).toBeGreaterThan(CUSTOMERS * CUSTOMER_TASKS_MAX)

  const revivedMs = Date.now()
  await outage.revive('a')
  await offer(AROUND_SECONDS)
  expect(
    await eventually('no message is missing', () => readMissing(outage, ['failover', 'waiting', 'b', 'c']), none),
  ).toEqual([])
  const verdict = judgeOutage(await outage.submits(), { beginMs, killedMs, revivedMs, endMs: Date.now() })
  console.log(verdict)
  expect(verdict).toMatchObject({ takenTwice: 0, astray: 0, overtaken: 0 })
  expect(verdict.failover.messages).toBeGreaterThan(0)

  const open = async (): Promise<Accepted[]> =>
    (await readAccepted(outage)).filter(
      ({ share, status }) => status !== 'delivered' && !(status === 'unknown' && share !== 'b' && share !== 'c'),
    )
  expect(await eventually('no message is without a final status', open, none)).toEqual([])
})

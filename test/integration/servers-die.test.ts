import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { type LoadResult, postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { judgeAccepted } from './judge-accepted.ts'

/** The figures in docs/operations/embedded-servers.md are those of these tests. */
const RATE = Number(process.env.SURVIVE_RATE || 200)
const SECONDS = Number(process.env.SURVIVE_SECONDS || 6)
/** Generous: on a busy machine what works may take seconds to answer. */
const SILENT_MS_MAX = 15_000
const BACK_MS_MAX = 120_000

let bench: BenchGateway
/** All that was posted so far: each test judges the whole. */
const loads: LoadResult[] = []

beforeAll(async () => {
  bench = await startBenchGateway({
    brokers: 1,
    customers: 5,
    webhooks: { customers: 0, url: '' },
    // Slow answers, so that many submits are under way when a server dies.
    env: {
      SIMULATOR_LATENCY_MS: '300',
      UP_PROBE_MS: '1500',
      UP_SILENT_MS_MAX: String(SILENT_MS_MAX),
      UP_RESTARTS_MAX: '50',
    },
  })
})

afterAll(() => bench?.stop())

const pidOf = (name: string): number => bench.gateway.embedded.get(name)!.pid

test.each([
  ['PostgreSQL', ['PostgreSQL']],
  ['Kafka', ['Kafka']],
  ['ClickHouse', ['ClickHouse']],
  ['all servers at once', ['PostgreSQL', 'Kafka', 'ClickHouse']],
])(
  'kill -9 of %s: all that was accepted becomes final, charged once, and it comes back by itself',
  async (name, servers) => {
    const before = servers.map(pidOf)
    await survive(`kill-${name}`, () => {
      for (const pid of before) process.kill(pid, 'SIGKILL')
    })
    expect(servers.map(pidOf).filter((pid) => before.includes(pid))).toEqual([])
  },
)

test('kill -9 of all servers and all processes at once', async () => {
  const { embedded, processes } = bench.gateway
  await survive('kill-everything', () => {
    for (const { pid } of [...embedded.values(), ...processes.values()]) process.kill(pid!, 'SIGKILL')
  })
})

test('SIGSTOP of all servers and of a process: what runs and does not answer is killed and restarted', async () => {
  const servers = ['PostgreSQL', 'Kafka', 'ClickHouse']
  const front = bench.gateway.processes.get('front')!
  const before = [...servers.map(pidOf), front.pid!]
  await survive('stop-everything', async () => {
    for (const pid of before) process.kill(pid, 'SIGSTOP')
    await eventually(
      'every frozen process is replaced',
      () => [...servers.map(pidOf), front.pid],
      (pids) => pids.every((pid) => pid !== undefined && !before.includes(pid)),
      BACK_MS_MAX,
    )
  })
  expect([...servers.map(pidOf), front.pid!].filter((pid) => before.includes(pid))).toEqual([])
})

/** Posts at a steady rate, does harm in the middle, waits until the gateway is whole again, and judges. */
async function survive(name: string, harm: () => Promise<void> | void): Promise<void> {
  const { gateway, pool, apiKeys } = bench
  let harmedMs = 0
  let readyMs = 0
  const harmed = new Promise((resolve) => setTimeout(resolve, (SECONDS * 1_000) / 3)).then(async () => {
    harmedMs = Date.now()
    await harm()
    await eventually('the gateway is ready again', isReady, (ready) => ready, BACK_MS_MAX)
    readyMs = Date.now()
  })
  const load = await postOpenLoop({
    api: gateway.servers.api,
    apiKeys,
    ratePerSecond: RATE,
    seconds: SECONDS,
    connections: 128,
    idempotency: name,
    phones: 1_000_000,
  })
  await harmed
  loads.push(load)
  expect(load.accepted).toHaveLength(RATE * SECONDS)
  const { flagged } = await judgeAccepted(gateway, pool, loads, BACK_MS_MAX)
  const figures = {
    readyAfterMs: readyMs - harmedMs,
    finalAfterMs: Date.now() - harmedMs,
    flagged,
    refused: load.refused,
  }
  console.log(name, JSON.stringify({ rate: RATE, seconds: SECONDS, acceptMs: load.latencyMs, ...figures }))
}

async function isReady(): Promise<boolean> {
  const answer = await fetch(`${bench.gateway.servers.admin}/readyz`).catch(() => null)
  return answer?.ok === true
}

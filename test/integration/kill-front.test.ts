import { expect, test } from 'vitest'
import { startBenchGateway } from '../gateway/bench-gateway.ts'
import { postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { judgeAccepted } from './judge-accepted.ts'

/** The README's figure is this test at 1,500 a second for 30 s. */
const RATE = Number(process.env.KILL_RATE || 300)
const SECONDS = Number(process.env.KILL_SECONDS || 12)

test('kill -9 of the process with API, relay and worker: nothing lost, charged twice, or sent twice unflagged', async () => {
  // Slow answers, so that many submits are under way when it dies.
  const env = { SIMULATOR_LATENCY_MS: '300' }
  const webhooks = { customers: 0, url: '' }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 5, webhooks, env })
  const front = gateway.processes.get('front')!
  try {
    const killed = front.pid!
    const timer = setTimeout(() => process.kill(killed, 'SIGKILL'), (SECONDS * 1_000) / 2)
    const load = await postOpenLoop({
      api: gateway.servers.api,
      apiKeys,
      ratePerSecond: RATE,
      seconds: SECONDS,
      connections: 128,
      idempotency: 'kill',
      phones: 1_000_000,
    })
    clearTimeout(timer)
    expect(front.pid).not.toBe(killed)
    expect(load.accepted).toHaveLength(RATE * SECONDS)

    const { flagged } = await judgeAccepted(gateway, pool, [load], 120_000)
    console.log({
      rate: RATE,
      seconds: SECONDS,
      refused: load.refused,
      flagged,
      acceptMs: load.latencyMs,
    })
  } finally {
    await stop()
  }
})

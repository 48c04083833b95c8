import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { startBenchGateway } from '../gateway/bench-gateway.ts'
import { postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { RoleProcesses } from '../servers/role-processes.ts'
import { judgeAccepted } from './judge-accepted.ts'

const RATE = Number(process.env.SURVIVE_RATE || 200)
const SECONDS = Number(process.env.SURVIVE_SECONDS || 6)
const SHIFT_MS = 600_000
const PRELOAD = join(import.meta.dirname, '../chaos/system/shift-clock.ts')

/** Three machines: one ten minutes ahead, one ten minutes behind, and one, with PostgreSQL, that is right. */
test('clocks that are ten minutes ahead and behind: all that was accepted becomes final, charged once', async () => {
  const simulatorPort = await freePort()
  const env = {
    SIMULATOR_PORT: String(simulatorPort),
    SIMULATOR_PASSWORD: 'clocks',
    NODE_OPTIONS: `--import ${PRELOAD}`,
    CHAOS_CLOCK_SHIFTS: `api=${SHIFT_MS},status=${-SHIFT_MS},worker=${-SHIFT_MS}`,
    SIMULATOR_LATENCY_MS: '100',
  }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({
    brokers: 1,
    customers: 5,
    webhooks: { customers: 0, url: '' },
    env,
  })
  const { kafka, kafka_login: login, database } = gateway.servers
  const simulator = `127.0.0.1:${simulatorPort}`
  const others = new RoleProcesses({
    ...env,
    KAFKA_BROKERS: kafka,
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: login!.username,
    KAFKA_SASL_PASSWORD: login!.password,
    DATABASE_URL: database,
    SIMULATOR_ADDRESS: simulator,
  })
  try {
    // The front's relay and worker are ahead with its API; these two are behind, and share their work.
    await others.start('behind', ['run', 'worker', 'relay'])
    const load = await postOpenLoop({
      api: gateway.servers.api,
      apiKeys,
      ratePerSecond: RATE,
      seconds: SECONDS,
      connections: 128,
      idempotency: 'clocks',
      phones: 1_000_000,
    })
    expect(load.accepted).toHaveLength(RATE * SECONDS)
    const { flagged } = await judgeAccepted(gateway, pool, [load], 120_000)
    const { rows } = await pool.query<{ status: string; count: number }>(
      "SELECT status, count(*) AS count FROM message_states WHERE customer_id LIKE 'bench-%' GROUP BY status",
    )
    console.log('clocks', JSON.stringify({ rate: RATE, seconds: SECONDS, flagged, acceptMs: load.latencyMs, rows }))
    expect(rows).toEqual([{ status: 'delivered', count: RATE * SECONDS }])
  } finally {
    await others.stopAll()
    await stop()
  }
})

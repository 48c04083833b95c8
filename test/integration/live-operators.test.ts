import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { startBenchGateway } from '../../bench/bench-gateway.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { simulatorSettings } from '../../src/simulator/config.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { runSmsgw } from '../run-command-line.ts'
import { eventually } from '../servers/eventually.ts'

const BACKLOG = 60

/** A file of operators, each with its address and window, and all messages for the last one. */
function operators(named: Readonly<Record<string, readonly [string, number]>>): string {
  const lines = Object.entries(named).map(
    ([name, [address, window]]) =>
      `  ${name}: {connector: smpp, smpp: {address: "${address}", system_id: x, reference_tlv: 0x1501}, window: ${window}, response_timeout_ms: 10000, on_ambiguous: resend}`,
  )
  return `operators:\n${lines.join('\n')}\nroutes:\n  - {prefix: "", operator: ${Object.keys(named).at(-1)}, price: 1}\n`
}

async function attemptsBy(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ operator: string; sent: number }>(
    "SELECT operator, count(DISTINCT sms_id) AS sent FROM attempts WHERE outcome = 'sent' GROUP BY operator",
  )
  return Object.fromEntries(rows.map(({ operator, sent }) => [operator, sent]))
}

test('a new operator is live in API and worker without a restart, and messages pending for a removed one go by it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-live-'))
  const file = join(folder, 'operators.yaml')
  const other = new Simulator(readSettings(simulatorSettings, {}), createLog('test', 'error'))
  await other.start()
  const [narrow, wide] = [['embedded', 2] as const, [`127.0.0.1:${other.port}`, 500] as const]
  writeFileSync(file, operators({ narrow }))
  const env = { OPERATORS_FILE: file, SIMULATOR_LATENCY_MS: '1500' }
  const webhooks = { customers: 0, url: '' }
  const { gateway, pool, apiKeys, stop } = await startBenchGateway({ brokers: 1, customers: 1, webhooks, env })
  const { api, admin, admin_token, database } = gateway.servers
  vi.stubEnv('DATABASE_URL', database)
  const headers = { authorization: `Bearer ${apiKeys[0]}`, 'content-type': 'application/json' }
  let count = 0
  const send = async (): Promise<{ sms_id: number; operator: string }> => {
    const body = JSON.stringify({ to: `+98912${1_000_000 + count++}`, text: 'hello' })
    const answer = await fetch(`${api}/v1/messages`, { method: 'POST', headers, body })
    expect(answer.status).toBe(202)
    return (await answer.json()) as { sms_id: number; operator: string }
  }
  const read = async (smsId: number) => {
    const answer = await fetch(`${api}/v1/messages/${smsId}`, { headers })
    return (await answer.json()) as { status: string; timeline: { status: string; route?: string }[] }
  }
  const apply = async (source: string): Promise<void> => {
    writeFileSync(file, source)
    expect(await runSmsgw('operators', 'apply', '-f', file, '--yes')).toMatchObject({ code: 0 })
  }
  try {
    const processes = [...gateway.processes.values()].map(({ pid }) => pid)
    const backlog = await Promise.all(Array.from({ length: BACKLOG }, send))
    expect(new Set(backlog.map(({ operator }) => operator))).toEqual(new Set(['narrow']))
    const appliedMs = performance.now()
    await apply(operators({ narrow, wide }))
    const { sms_id, operator } = await eventually(
      'a message is routed to wide',
      send,
      (answer) => answer.operator === 'wide',
    )
    expect(operator).toBe('wide')
    const routedS = (performance.now() - appliedMs) / 1_000
    const message = await eventually(
      'the message is delivered',
      () => read(sms_id),
      ({ status }) => status === 'delivered',
    )
    const deliveredS = (performance.now() - appliedMs) / 1_000
    expect(
      await (await fetch(`${admin}/v1/operators`, { headers: { authorization: `Bearer ${admin_token}` } })).json(),
    ).toMatchObject({
      revision: 2,
      operators: [{ name: 'narrow' }, { name: 'wide', connector: 'smpp', window: 500, ready_workers: 1 }],
    })
    expect(message.timeline[0]).toMatchObject({ status: 'accepted', route: 'wide: every number' })

    await apply(operators({ wide }))
    const all = await eventually(
      'every message is attempted',
      () => attemptsBy(pool),
      ({ narrow = 0, wide = 0 }) => narrow + wide === count,
    )
    console.log({ routedS, deliveredS, ...all })
    // Each is sent once: none by both.
    expect(all.narrow! + all.wide!).toBe(count)
    expect(all.narrow).toBeLessThan(BACKLOG)
    const delivered = await eventually(
      'every message is delivered',
      async () => (await pool.query("SELECT 1 FROM message_states WHERE status = 'delivered'")).rows.length,
      (rows) => rows >= count,
    )
    expect(delivered).toBeGreaterThanOrEqual(count)
    expect([...gateway.processes.values()].map(({ pid }) => pid)).toEqual(processes)
  } finally {
    vi.unstubAllEnvs()
    await stop()
    await other.stop()
    rmSync(folder, { recursive: true })
  }
})

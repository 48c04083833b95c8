import { expect, onTestFinished, test, vi } from 'vitest'
import { parseApiKey } from '../../src/domain/api-key.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { runSmsgw } from '../run-command-line.ts'
import { freshDatabase } from '../servers/fixtures.ts'

/** Commands work on this test's database. */
async function databaseForCommands(): Promise<Pool> {
  const pool = await freshDatabase()
  vi.stubEnv('DATABASE_URL', pool.options.connectionString!)
  onTestFinished(() => void vi.unstubAllEnvs())
  return pool
}

async function json<Value>(...args: string[]): Promise<Value> {
  const { code, stdout, stderr } = await runSmsgw(...args, '--json')
  expect([code, stderr], args.join(' ')).toEqual([0, ''])
  return JSON.parse(stdout) as Value
}

interface ListedKey {
  readonly key_id: string
  readonly prefix: string
  readonly customer_id: string
  readonly created_at: string
  readonly express: boolean
  readonly revoked_at: string | null
}

test('customers and keys by --json: what was done, and of a key never the secret but once', async () => {
  const pool = await databaseForCommands()
  expect(await json('customers', 'create', 'acme', '--name', 'Acme', '--currency', 'EUR', '--express')).toEqual({
    customer_id: 'acme',
    name: 'Acme',
    currency: 'EUR',
    express: true,
  })
  expect(await json('customers', 'top-up', 'acme', '500')).toEqual({ customer_id: 'acme', balance: 500 })
  const created = await json<{ key: string; key_id: string }>('keys', 'create', 'acme')
  const bulk = await json<{ key_id: string }>('keys', 'create', 'acme', '--no-express')
  await json('customers', 'create', 'other')
  await json('keys', 'create', 'other')
  const { keyId, secret } = parseApiKey(created.key)!
  expect(created).toMatchObject({ customer_id: 'acme', key_id: keyId, express: true })

  const keys = await json<ListedKey[]>('keys', 'list', 'acme')
  expect(keys.map(({ key_id, express }) => [key_id, express])).toEqual([
    [keyId, true],
    [bulk.key_id, false],
  ])
  expect(created.key.startsWith(keys[0]!.prefix)).toBe(true)
  expect(Date.parse(keys[0]!.created_at)).toBeGreaterThan(0)
  expect(await json('keys', 'list')).toHaveLength(3)
  for (const args of [
    ['keys', 'list'],
    ['keys', 'list', '--json'],
    ['keys', 'list', '--revoked'],
  ]) {
    const { stdout } = await runSmsgw(...args)
    expect(stdout).toContain(keyId)
    expect(stdout).not.toContain(secret)
    const { rows } = await pool.query<{ hash: string }>("SELECT encode(secret_hash, 'hex') AS hash FROM api_keys")
    for (const { hash } of rows) expect(stdout).not.toContain(hash)
  }

  expect(await json('keys', 'revoke', keyId)).toEqual({ key_id: keyId, revoked: true })
  expect((await json<ListedKey[]>('keys', 'list', 'acme')).map(({ key_id }) => key_id)).toEqual([bulk.key_id])
  const all = await json<ListedKey[]>('keys', 'list', 'acme', '--revoked')
  expect(all.map(({ revoked_at }) => revoked_at !== null)).toEqual([true, false])
  // Of the customer, and so of its keys.
  expect(await json('customers', 'express', 'acme', 'off')).toEqual({ customer_id: 'acme', express: false })
  expect((await json<ListedKey[]>('keys', 'list', 'acme', '--revoked')).map(({ express }) => express)).toEqual([
    false,
    false,
  ])
})

test('what cannot be done is one line and exit code 1, also with --json', async () => {
  await databaseForCommands()
  for (const args of [
    ['keys', 'create', 'nobody'],
    ['keys', 'revoke', 'nothing1'],
    ['customers', 'top-up', 'nobody', '5'],
    ['webhooks', 'retry', 'we_nothing'],
  ]) {
    const { code, stdout, stderr } = await runSmsgw(...args, '--json')
    expect([code, stdout], args.join(' ')).toEqual([1, ''])
    expect(stderr, args.join(' ')).toMatch(/^[^\n]+\n$/)
  }
})

test('webhooks by --json: each change says what it did', async () => {
  await databaseForCommands()
  vi.stubEnv('WEBHOOK_ALLOW_PRIVATE', 'yes')
  await json('customers', 'create', 'acme')
  const { endpoint_id: id } = await json<{ endpoint_id: string }>('webhooks', 'create', 'acme', 'http://127.0.0.1:9/x')
  const about = { endpoint_id: id }
  expect(await json('webhooks', 'disable', id)).toEqual({ ...about, state: 'disabled', changed: true, waiting: 0 })
  expect(await json('webhooks', 'enable', id)).toEqual({ ...about, state: 'enabled', changed: true, waiting: 0 })
  expect(await json('webhooks', 'retry', id)).toEqual({ ...about, due_now: 0 })
  expect(await json('webhooks', 'discard', id, '--yes')).toEqual({ ...about, discarded: 0 })
  expect(await json('webhooks', 'delete', id, '--yes')).toEqual({ ...about, deleted: true, discarded: 0 })
  expect(await json('webhooks', 'list')).toEqual([])
})

test('a list ends at its limit, and says that there is more', async () => {
  await databaseForCommands()
  for (const customer of ['c1', 'c2', 'c3']) {
    await json('customers', 'create', customer)
    await json('keys', 'create', customer)
    await json('webhooks', 'create', customer, 'https://example.com/hook')
  }
  for (const list of ['customers', 'keys', 'webhooks']) {
    expect(await json<{ customer_id: string }[]>(list, 'list', '--limit', '3'), list).toHaveLength(3)
    const { code, stdout, stderr } = await runSmsgw(list, 'list', '--limit', '2', '--json')
    const rows = JSON.parse(stdout) as { customer_id: string }[]
    expect(
      rows.map(({ customer_id }) => customer_id),
      list,
    ).toEqual(['c1', 'c2'])
    expect([code, stderr]).toEqual([0, 'There are more than 2; --limit shows more of them.\n'])
    expect((await runSmsgw(list, 'list', '--limit', '0')).code, list).toBe(1)
  }
})

test("commands make today's partitions, as when no role has run for a week", async () => {
  const pool = await databaseForCommands()
  await json('customers', 'create', 'acme')
  const partitions = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'ledger'::regclass ORDER BY 1",
    )
    return rows.map(({ name }) => name)
  }
  const before = await partitions()
  expect(before.length).toBeGreaterThan(1)
  for (const name of before) await pool.query(`DROP TABLE ${name}`)
  expect(await json('customers', 'top-up', 'acme', '500')).toEqual({ customer_id: 'acme', balance: 500 })
  expect(await partitions()).toEqual(before)
})

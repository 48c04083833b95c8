import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { parseAnchor, type Statement } from '../../src/audit/anchor.ts'
import { ensureSigningKey } from '../../src/audit/anchor-key.ts'
import { dropAnchors, storeAnchor } from '../../src/audit/anchor-store.ts'
import { AuditLog } from '../../src/audit/append-log.ts'
import { listAuditFiles } from '../../src/audit/audit-files.ts'
import { AuditLogger } from '../../src/audit/audit-logger.ts'
import { auditSettings } from '../../src/audit/config.ts'
import { dropDays } from '../../src/audit/drop-days.ts'
import { readBlocks } from '../../src/audit/read-blocks.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { ensureTopics } from '../../src/topics/ensure-topics.ts'
import { readTopicsFile } from '../../src/topics/topics-file.ts'
import { entryAt } from '../audit/log-files.ts'
import { eventually } from '../gateway/eventually.ts'
import { runSmsgw } from '../run-command-line.ts'
import { freshDatabase, testCluster } from '../servers/fixtures.ts'

const DAY_MS = 86_400_000
const FIRST_MS = Date.parse('2026-11-03T12:00:00.000Z')

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-audit-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Commands work on this test's database and log. */
async function setUp(anchorSeconds = 1) {
  const folder = folderOfTest()
  const pool = await freshDatabase()
  const env = {
    AUDIT_FOLDER: join(folder, 'log'),
    AUDIT_KEY_FILE: join(folder, 'key.pem'),
    AUDIT_ANCHOR_SECONDS: String(anchorSeconds),
    AUDIT_RETENTION_DAYS: '0',
    DATABASE_URL: pool.options.connectionString!,
    KAFKA_BROKERS: inject('kafkaBrokers'),
    SMSGW_DATA: folder,
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  const cluster = testCluster()
  await ensureTopics(cluster, readTopicsFile('config/topics.yaml'))
  const producer = new Producer(cluster)
  await producer.start(Object.values(TOPICS))
  onTestFinished(() => producer.close())
  const clock = { atMs: FIRST_MS, nowMs: () => clock.atMs }
  const role = async (): Promise<AuditLogger> => {
    const settings = readSettings(auditSettings, process.env)
    const parts = { settings, pool, cluster, producer, clock, health: new Health(), metrics: new Metrics({}) }
    const logger = new AuditLogger({ ...parts, instanceId: null, log: createLog('test', 'silent') })
    await logger.start()
    return logger
  }
  const send = (count: number): Promise<unknown> => {
    const record = { topic: TOPICS.status, key: Buffer.from('1'), value: '{}', headers: [] }
    return Promise.all(Array.from({ length: count }, () => producer.send(record)))
  }
  return { folder, pool, env, clock, role, send, log: env.AUDIT_FOLDER }
}

const linesOf = (folder: string): number => {
  let lines = 0
  for (const { path } of listAuditFiles(folder))
    for (const block of readBlocks(path)) if (block.kind === 'block') lines += block.header.lines
  return lines
}

async function verify(...args: string[]) {
  const { code, stdout, stderr } = await runSmsgw('audit', 'verify', '--partial', '--json', ...args)
  const report = stdout === '' ? { ok: false, logs: [] } : JSON.parse(stdout)
  return { code, stderr, ...report, log: report.logs[0] }
}

test('the role anchors its chain in PostgreSQL and Kafka; the commands verify it, rotate its key and archive it', async () => {
  // No anchor by the interval: so that of a day's end has lines of its own.
  const { folder, pool, clock, role, send, log } = await setUp(600)
  let running = await role()
  for (let day = 0; day < 3; day++) {
    clock.atMs = FIRST_MS + day * DAY_MS
    const before = linesOf(log)
    await send(20)
    await eventually(
      'the log has 20 more lines',
      () => linesOf(log),
      (lines) => lines >= before + 20,
    )
  }
  await running.stop()
  const whole = await verify()
  expect(whole).toMatchObject({ code: 0, ok: true, log: { fault: null, unanchored: { lines: 0 } } })
  const { chain } = whole.log
  const { rows } = await pool.query<{ cause: string }>(
    `SELECT DISTINCT record::json->>'cause' AS cause FROM audit_anchors WHERE chain = $1`,
    [chain],
  )
  expect(rows.map(({ cause }) => cause)).toContain('day-end')

  const last = listAuditFiles(log).at(-1)!
  const bytes = readFileSync(last.path)
  truncateSync(last.path, [...readBlocks(last.path)].at(-1)!.startsAt)
  expect(await verify()).toMatchObject({ code: 1, ok: false })
  // An attacker with write access to PostgreSQL as well has not written Kafka.
  await pool.query('BEGIN; CREATE TABLE kept AS TABLE audit_anchors; DELETE FROM audit_anchors; COMMIT')
  expect((await verify()).log.fault.what).toContain('names line')
  await pool.query('INSERT INTO audit_anchors TABLE kept')
  writeFileSync(last.path, bytes)

  const publicKey = join(folder, 'public.pem')
  writeFileSync(publicKey, (await runSmsgw('audit', 'key')).stdout)
  expect((await runSmsgw('audit', 'key', '--rotate', '--by', 'alice')).code).toBe(0)
  running = await role()
  await send(5)
  await eventually(
    'the log has 5 more lines',
    () => linesOf(log),
    (lines) => lines >= whole.log.entries + 5,
  )
  await running.stop()
  expect(await verify('--public-key', publicKey)).toMatchObject({ code: 0, log: { unanchored: { lines: 0 } } })

  const archive = join(folder, 'archive')
  const days = async (): Promise<string[]> => {
    const args = ['--before', '2026-11-05', '--to', archive, '--by', 'alice', '--json']
    const { stdout, stderr } = await runSmsgw('audit', 'archive', ...args)
    expect(stderr).toBe('')
    return JSON.parse(stdout).days
  }
  expect(await days()).toEqual(['2026-11-03', '2026-11-04'])
  expect(await days()).toEqual([])
  const total = (await verify('--archive', archive)).log
  expect(total).toMatchObject({ fault: null, firstLine: 1 })
  expect(await verify()).toMatchObject({ code: 0, log: { fault: null } })
  // An auditor with the archive and the first public key alone.
  vi.stubEnv('DATABASE_URL', '')
  vi.stubEnv('KAFKA_BROKERS', '')
  vi.stubEnv('AUDIT_FOLDER', join(folder, 'none'))
  expect(await verify('--archive', archive, '--public-key', publicKey)).toMatchObject({
    code: 0,
    log: { fault: null, firstLine: 1, chain },
  })
  rmSync(join(archive, chain, '2026-11-03'), { recursive: true })
  expect(await verify('--archive', archive, '--public-key', publicKey)).toMatchObject({ code: 1, ok: false })
})

test('the role contradicts nothing: a log that was cut while it was stopped is not anchored, and not ready', async () => {
  const { role, send, log, pool } = await setUp()
  const running = await role()
  // Two blocks at least: a folder without any would begin a new chain.
  for (const lines of [20, 40]) {
    await send(20)
    await eventually(
      `the log has ${lines} lines`,
      () => linesOf(log),
      (written) => written >= lines,
    )
  }
  await running.stop()
  for (const { path } of listAuditFiles(log)) truncateSync(path, [...readBlocks(path)].at(-1)!.startsAt)
  const again = await role()
  await send(50)
  await eventually(
    'the log has 50 lines',
    () => linesOf(log),
    (lines) => lines >= 50,
  )
  await again.stop()
  const { rows } = await pool.query<{ lines: number }>(
    `SELECT max((record::json->>'lines')::int) AS lines FROM audit_anchors WHERE kind = 'head'`,
  )
  expect(rows[0]!.lines).toBeLessThan(linesOf(log))
  expect(await verify()).toMatchObject({ code: 1, ok: false })
})

const OPERATORS = readFileSync('config/operators.yaml', 'utf8')

/** Acts that wait in the outbox, and takes them out. */
async function takeActs(pool: Pool) {
  const { rows } = await pool.query<{ payload: string }>('DELETE FROM outbox RETURNING payload')
  const payloads = rows.map(({ payload }) => JSON.parse(payload) as { topic: string; value: string })
  return payloads.filter(({ topic }) => topic === TOPICS.acts).map(({ value }) => JSON.parse(value))
}

test('each command that changes PostgreSQL leaves one act, in its transaction, with the name of its user and no secret', async () => {
  const { pool, folder } = await setUp()
  const secrets: string[] = []
  const acts: string[] = []
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runSmsgw(...args, '--by', 'alice')
    expect(code, stderr).toBe(0)
    const written = await takeActs(pool)
    expect(written, args.join(' ')).toMatchObject([{ by: 'alice' }])
    for (const secret of secrets) expect(JSON.stringify(written)).not.toContain(secret)
    acts.push(written[0].act)
    return stdout.trim()
  }
  await run('customers', 'create', 'acme')
  await run('customers', 'top-up', 'acme', '5000')
  await run('customers', 'express', 'acme', 'on')
  const key = await run('keys', 'create', 'acme')
  secrets.push(key)
  await run('keys', 'revoke', key.split('_')[2]!.slice(0, 8))
  const hook = 'https://user:hidden@example.com/hook/path-secret?token=query-secret'
  secrets.push('hidden', 'path-secret', 'query-secret')
  const [endpoint, secret] = (await run('webhooks', 'create', 'acme', hook)).split('  ')
  secrets.push(secret!)
  await run('webhooks', 'disable', endpoint!)
  await run('webhooks', 'enable', endpoint!)
  await run('webhooks', 'retry', endpoint!)
  await run('webhooks', 'discard', endpoint!, '--yes')
  await run('webhooks', 'delete', endpoint!, '--yes')
  const ported = join(folder, 'ported.csv')
  writeFileSync(ported, 'phone,mcc_mnc\n989121234567,432-11\n')
  secrets.push('989121234567')
  await run('portability', 'import', ported)
  const operators = join(folder, 'operators.yaml')
  writeFileSync(operators, OPERATORS)
  await run('operators', 'apply', '-f', operators, '--yes')
  expect(acts).toEqual([
    'customer.created',
    'customer.topped-up',
    'customer.express-set',
    'key.created',
    'key.revoked',
    'webhook.created',
    'webhook.disabled',
    'webhook.enabled',
    'webhook.retried',
    'webhook.discarded',
    'webhook.deleted',
    'portability.imported',
    'operators.applied',
  ])
  // What is refused, and what changes nothing, is no act.
  expect((await runSmsgw('customers', 'top-up', 'nobody', '5')).code).toBe(1)
  expect((await runSmsgw('customers', 'top-up', 'acme', '5', '--by', '<script>')).code).toBe(1)
  expect(await takeActs(pool)).toEqual([])
  const { rows } = await pool.query("SELECT balance FROM balances WHERE customer_id = 'acme'")
  expect(rows).toEqual([{ balance: 5_000 }])
})

test('old anchors are dropped, but not where an idle log ends or begins: serials go on', async () => {
  const pool = await freshDatabase()
  const file = join(folderOfTest(), 'key.pem')
  const { key } = ensureSigningKey(file)
  const [chain, hash] = ['ab'.repeat(16), 'f'.repeat(64)]
  const head = { kind: 'head', lines: 5, hash, cause: 'interval' } as const
  const removed = (cause: 'archived' | 'expired') => ({ kind: 'removed', lines: 3, hash, cause }) as const
  const statements = [
    head,
    removed('archived'),
    head,
    removed('archived'),
    head,
    removed('expired'),
    removed('expired'),
  ]
  for (const statement of statements) await storeAnchor(pool, key, chain, statement, Date.now() - 500 * DAY_MS)
  expect(await dropAnchors(pool, 600)).toBe(0)
  expect(await dropAnchors(pool, 400)).toBe(3)
  const { rows } = await pool.query<{ serial: number }>('SELECT serial FROM audit_anchors ORDER BY serial')
  expect(rows.map(({ serial }) => serial)).toEqual([4, 5, 6, 7])
  expect(parseAnchor(await storeAnchor(pool, key, chain, head, Date.now()))).toMatchObject({ serial: 8 })
})

test('an archive whose earlier days were deleted by retention is whole alone: its anchors say where it begins', async () => {
  const { folder, pool, env, log } = await setUp()
  const { key } = ensureSigningKey(env.AUDIT_KEY_FILE)
  let nowMs = FIRST_MS
  const written = await AuditLog.open(log, { fileBytesMax: 1_000_000, nowMs: () => nowMs })
  for (let day = 0; day < 4; day++) {
    nowMs = FIRST_MS + day * DAY_MS
    await written.append([{ ...entryAt(nowMs, day), partition: 0 }])
  }
  await written.close()
  const { chain, head } = written
  const state = async (statement: Statement): Promise<void> => {
    await storeAnchor(pool, key, chain, statement, nowMs)
  }
  await state({ kind: 'head', lines: head.seq, hash: head.hash, cause: 'shutdown' })
  await dropDays(log, '2026-11-04', head.seq, ({ seq, hash }) =>
    state({ kind: 'removed', lines: seq, hash, cause: 'expired' }),
  )
  const archive = join(folder, 'archive')
  const archived = await runSmsgw(
    'audit',
    'archive',
    '--before',
    '2026-11-06',
    '--to',
    archive,
    '--by',
    'alice',
    '--json',
  )
  expect(JSON.parse(archived.stdout).days).toEqual(['2026-11-04', '2026-11-05'])
  const publicKey = join(folder, 'public.pem')
  writeFileSync(publicKey, (await runSmsgw('audit', 'key')).stdout)
  for (const [name, value] of [
    ['DATABASE_URL', ''],
    ['KAFKA_BROKERS', ''],
    ['AUDIT_FOLDER', join(folder, 'none')],
  ] as const) {
    vi.stubEnv(name, value)
  }
  const verdict = await verify('--archive', archive, '--public-key', publicKey)
  // Of the log alone: the topic that the tests share has anchors about keys of other tests, which are not trusted here.
  expect(verdict.log).toMatchObject({ fault: null, firstLine: 2, entries: 2 })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { expect, onTestFinished, test, vi } from 'vitest'
import { CONNECTORS } from '../../src/delivery/connectors/connectors.ts'
import { UnreadableAnswers } from '../../src/delivery/receipts/keep-unreadable-answers.ts'
import { OperatorDirectory } from '../../src/operators/operator-directory.ts'
import { addRevision } from '../../src/operators/operator-store.ts'
import { type DeclaredOperators, parseOperators } from '../../src/operators/operators-file.ts'
import { createPortability, portabilitySettings } from '../../src/operators/portability/create-portability.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { operatorRoutes } from '../../src/tools/operators/operator-routes.ts'
import { eventually } from '../gateway/eventually.ts'
import { runSmsgw } from '../run-command-line.ts'
import { fixedOperators, simulatorFor } from '../servers/fixed-operators.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const LOG = createLog('test', 'silent')

/** A folder of this test's own. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'smsgw-operators-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

function fileWith(source: string): string {
  const path = join(folder(), 'operators.yaml')
  writeFileSync(path, source)
  return path
}

function revisionOf(source: string) {
  return { source, declared: parseOperators(source, 'test', CONNECTORS) }
}

async function follow(pool: Pool, file: string): Promise<OperatorDirectory> {
  const directory = await OperatorDirectory.open({ pool, file, connectors: CONNECTORS, log: LOG, pollMs: 20 })
  onTestFinished(() => directory.stop())
  return directory
}

/** Commands work on this test's database. */
async function databaseForCommands(): Promise<Pool> {
  const pool = await freshDatabase()
  vi.stubEnv('DATABASE_URL', pool.options.connectionString!)
  onTestFinished(() => void vi.unstubAllEnvs())
  return pool
}

test('of many processes that start at once one stores the file; later ones need none, and all follow what is applied', async () => {
  const pool = await freshDatabase()
  const file = fileWith(simulatorFor('98', 100))
  const directories = await Promise.all(Array.from({ length: 8 }, () => follow(pool, file)))
  expect(directories.map((each) => each.current().revision)).toEqual(Array(8).fill(1))
  const { rows } = await pool.query('SELECT revision, applied_by FROM operator_configs')
  expect(rows).toEqual([{ revision: 1, applied_by: file }])

  const late = await follow(pool, join(folder(), 'there-is-none.yaml'))
  const heard: number[] = []
  late.onChange(({ revision }) => heard.push(revision))
  const attempts = await Promise.all(
    ['97', '96', '95'].map((prefix) =>
      addRevision(pool, { ...revisionOf(simulatorFor(prefix, 1)), basedOn: 1, by: prefix }),
    ),
  )
  const [winner] = attempts.filter((each) => each !== null)
  expect(attempts.filter((each) => each !== null)).toHaveLength(1)
  for (const each of [...directories, late]) {
    await eventually(
      'the directory has revision 2',
      () => each.current().revision,
      (revision) => revision === 2,
    )
    const message = {
      phone: `+${winner!.appliedBy}9121234567`,
      sender: null,
      customerId: 'c',
      priority: 1,
      network: null,
    }
    expect(each.current().rank(message).kind).toBe('ranked')
  }
  expect(heard).toEqual([2])
})

test('a revision that this version cannot use leaves the one before in force; the next is taken', async () => {
  const pool = await freshDatabase()
  const complained = vi.spyOn(LOG, 'error')
  onTestFinished(() => complained.mockRestore())
  const directory = await follow(pool, fileWith(simulatorFor('98', 100)))
  const newer = { operators: { a: { connector: 'pigeon' } }, networks: {}, routes: [] } as unknown as DeclaredOperators
  await addRevision(pool, { basedOn: 1, source: '', declared: newer, by: 'x' })
  await eventually(
    'the directory complains',
    () => complained.mock.calls.length,
    (calls) => calls > 0,
  )
  expect(complained.mock.calls[0]![0]).toMatchObject({ revision: 2, stays: 1 })
  expect(directory.current().revision).toBe(1)
  await addRevision(pool, { ...revisionOf(simulatorFor('97', 100)), basedOn: 2, by: 'x' })
  const revision = await eventually(
    'the directory has a later revision',
    () => directory.current().revision,
    (seen) => seen > 1,
  )
  expect(revision).toBe(3)
})

test('a file that cannot be used is not stored, and named with its line', async () => {
  const pool = await freshDatabase()
  const file = fileWith('operators: {}\nroutes: []\n')
  await expect(follow(pool, file)).rejects.toThrow(`${file}:1: /operators`)
  expect((await pool.query('SELECT 1 FROM operator_configs')).rows).toEqual([])
})

test('plan says what would change by its exit code, apply does it, and refuses a plan that something overtook', async () => {
  await databaseForCommands()
  const file = fileWith(simulatorFor('98', 100))
  const plan = (...args: string[]) => runSmsgw('operators', 'plan', '-f', file, ...args)
  expect(await runSmsgw('operators', 'list')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no operators yet'),
  })
  const first = await plan()
  expect(first.code).toBe(2)
  expect(first.stdout).toMatch(
    /\+ operator simulator: connector "smpp"[\s\S]*\+ route prefix 98: operator "simulator", price 100/,
  )
  const stored = join(folder(), 'operators.plan')
  await plan('--out', stored)
  expect(await runSmsgw('operators', 'apply', '--plan', stored, '--by', 'alice')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Revision 1 is in force'),
  })
  expect((await plan()).code).toBe(0)
  expect((await runSmsgw('operators', 'apply', '-f', file)).stdout).toContain('Nothing to do')

  const again = await runSmsgw('operators', 'apply', '--plan', stored)
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('plan is for revision 0, and now revision 1 of alice'),
  })
  writeFileSync(file, simulatorFor('98', 120).replace('window: 500', 'window: 10'))
  expect(JSON.parse((await plan('--json')).stdout)).toMatchObject({
    revision: 1,
    changes: [
      { kind: 'change', what: 'operator simulator', fields: [{ field: 'window', from: 500, to: 10 }] },
      { kind: 'change', what: 'route prefix 98', fields: [{ field: 'price', from: 100, to: 120 }] },
    ],
  })
  expect((await runSmsgw('operators', 'apply', '-f', file)).stderr).toContain('add --yes')
  expect((await runSmsgw('operators', 'apply', '-f', file, '--yes', '--json')).stdout).toContain('"revision": 2')
  expect((await runSmsgw('operators', 'show', '1')).stdout.trim()).toBe(simulatorFor('98', 100).trim())
  expect(JSON.parse((await runSmsgw('operators', 'list', '--json')).stdout)).toMatchObject({
    revision: 2,
    operators: [{ name: 'simulator', connector: 'smpp', window: 10 }],
  })

  const known = simulatorFor('98', 100)
  writeFileSync(file, `${known}  - {prefix: "97", operator: missing, price: 1}\n`)
  const faulty = await plan()
  expect(faulty).toMatchObject({ code: 1, stdout: '' })
  expect(faulty.stderr).toContain(
    `${file}:${known.split('\n').length}: /routes/1/operator there is no operator "missing"`,
  )
  expect((await runSmsgw('operators', 'apply', '-f', file, '--yes')).code).toBe(1)
  expect(JSON.parse((await runSmsgw('operators', 'list', '--json')).stdout).revision).toBe(2)
})

test('the command explains a route, with ported numbers from the table', async () => {
  await databaseForCommands()
  const file = fileWith(`
operators:
  mci: {connector: smpp, smpp: {address: embedded, system_id: x}, window: 5, response_timeout_ms: 1000, on_ambiguous: hold}
  irancell:
    connector: smpp
    smpp: {address: embedded, system_id: x}
    window: 5
    response_timeout_ms: 1000
    on_ambiguous: resend
    senders: {allow: ["3000*"]}
routes:
  - {mcc_mnc: 432-11, operator: mci, price: 10, failover: [irancell]}
  - {mcc_mnc: 432-35, operator: irancell, price: 12}
`)
  const explain = (...args: string[]) => runSmsgw('routes', 'explain', ...args)
  expect((await runSmsgw('operators', 'apply', '-f', file, '--yes')).code).toBe(0)
  const shown = await explain('+989121234567')
  expect(shown.stderr).toContain('+989121234567: IR, 432-11 by prefix 9891')
  expect(shown.stdout).toMatch(/1 +mci +10 +\(its own\) +mci: 432-11 by prefix 9891\n +2 +irancell .*, failover 1/)
  const csv = join(folder(), 'ported.csv')
  writeFileSync(csv, 'phone,mcc_mnc\n989121234567,43235\n+989351234567,432-11\n')
  expect((await runSmsgw('portability', 'import', csv)).stdout).toBe('Imported 2 numbers.\n')
  vi.stubEnv('PORTABILITY', 'table')
  expect(JSON.parse((await explain('+989121234567', '--from', '30001', '--json')).stdout)).toMatchObject({
    network: { mccMnc: '432-35', known: 'by the table of ported numbers' },
    candidates: [{ operator: 'irancell', sender: '30001' }],
  })
  expect(await explain('+989121234567', '--from', 'Acme')).toMatchObject({
    code: 1,
    stdout: 'The sender is refused by irancell.\n',
  })
  expect(await explain('+491701234567')).toMatchObject({ code: 1, stdout: 'No route fits.\n' })
  expect((await explain('0912')).stderr).toContain('does not begin with + or 00')

  writeFileSync(csv, 'phone,mcc_mnc\n+989121234567,432-20\nnonsense,432-11\n')
  const faulty = await runSmsgw('portability', 'import', csv, '--replace')
  expect(faulty).toMatchObject({ code: 1, stderr: `${csv}:3: the phone "nonsense" has "n" (U+006E) at 0\n` })
  expect((await explain('+989121234567', '--from', '30001')).stdout).toContain('irancell')
})

test('ported numbers that are asked for together are looked up in one statement, and only those that may be ported', async () => {
  const pool = await freshDatabase()
  await pool.query("INSERT INTO ported_numbers SELECT 989120000000 + n, '432-35' FROM generate_series(1, 500) AS n")
  const settings = readSettings(portabilitySettings, { PORTABILITY: 'table' })
  const query = vi.spyOn(pool, 'query')
  const portability = createPortability(settings, pool)
  const phones = Array.from({ length: 1_000 }, (_, n) => `+${989120000000 + n}`)
  const answers = await Promise.all(phones.map((phone) => portability.networksOf([phone, '+491701234567'])))
  expect(answers.filter((answer) => answer.size === 1)).toHaveLength(500)
  expect(query).toHaveBeenCalledTimes(1)
  expect(answers[1]!.get('+989120000001')).toEqual({ mccMnc: '432-35', known: 'by the table of ported numbers' })
})

test('a look-up service is asked once a number; when it fails, numbers go by their prefixes, and it is left alone', async () => {
  const asked: string[] = []
  let isBroken = false
  const server: Server = createServer((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`)
    if (isBroken) return void response.writeHead(500).end('no')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ result: { mcc: 432, mnc: request.url!.endsWith('1') ? 35 : null } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = readSettings(portabilitySettings, {
    PORTABILITY: `${address}/lookup?n={phone}`,
    PORTABILITY_FIELDS: 'result.mcc,result.mnc',
    PORTABILITY_AUTHORIZATION: 'Bearer x',
  })
  const portability = createPortability(settings, await freshDatabase())
  onTestFinished(() => portability.stop())
  const [known, unknown] = ['+989120000001', '+989120000002']
  const found = new Map([[known, { mccMnc: '432-35', known: 'by the portability service' }]])
  // The first answer of a cold process on a busy machine may take longer than it is given.
  await eventually(
    'the ported number is known',
    () => portability.networksOf([known, unknown]),
    (networks) => networks.size === 1 && networks.get(known)?.mccMnc === '432-35',
  )
  expect(asked).toContain('Bearer x /lookup?n=989120000001')
  const before = asked.length
  expect(await portability.networksOf([known, unknown])).toEqual(found)
  expect(asked).toHaveLength(before)

  isBroken = true
  const failed = { mccMnc: null, known: 'as the portability service did not answer' }
  for (let n = 0; n < 40; n++) {
    const phone = `+98935${1_000_000 + n}`
    expect(await portability.networksOf([phone])).toEqual(new Map([[phone, failed]]))
  }
  expect(asked.length).toBeLessThan(before + 40)
  const setup = fixedOperators().current()
  expect(setup.networkOf('+989121234567', failed)).toEqual({
    mccMnc: '432-11',
    known: 'by prefix 9891, as the portability service did not answer',
  })
})

const SMPP = (smpp: string): string => `operators:
  mci: {connector: smpp, smpp: {address: "smsc.example:2775", system_id: us, ${smpp}}, window: 5, response_timeout_ms: 1000, on_ambiguous: hold}
routes:
  - {prefix: "98", operator: mci, price: 1}
`

test('a plan refuses a password that no bind can carry, and says what is missing here', async () => {
  await databaseForCommands()
  vi.stubEnv('MCI_PASSWORD', 'x'.repeat(65))
  const file = fileWith(SMPP('password_env: MCI_PASSWORD, tls: {ca_file: /nowhere/ca.pem}'))
  const plan = () => runSmsgw('operators', 'plan', '-f', file)
  expect(await plan()).toMatchObject({ code: 1, stderr: expect.stringContaining('has more than 64 characters') })
  vi.stubEnv('MCI_PASSWORD', 'twelve-chars')
  const fine = await plan()
  expect(fine.code).toBe(2)
  expect(fine.stdout).toContain('! operator mci: ENOENT')
  vi.stubEnv('MCI_PASSWORD', undefined)
  expect((await plan()).stdout).toContain('MCI_PASSWORD, which is not set')
})

test('answers that could not be read are counted and shown, to the last sample, by list, show and the admin API', async () => {
  const pool = await databaseForCommands()
  const file = fileWith(SMPP('password_env: MCI_PASSWORD'))
  await runSmsgw('operators', 'apply', '-f', file, '--yes')
  const lines: object[] = []
  const log = { info: () => {}, warn: (fields: object) => void lines.push(fields) }
  const answers = new UnreadableAnswers({ pool, log: log as never, days: 30, writeMs: 10 })
  for (let count = 0; count < 500; count++) answers.note('mci', 'answer-unreadable', `OK ${count}`, 1_000 + count)
  answers.note('mci', 'answer-without-id', '', 7)
  answers.start()
  await eventually(
    '2 samples are stored',
    async () => (await pool.query('SELECT FROM unreadable_answers')).rowCount,
    (count) => count === 2,
  )
  answers.note('mci', 'answer-unreadable', '<html>', 2_000)
  await answers.stop()
  // The first is said at once, and the rest a minute later, counted.
  expect(lines).toEqual([{ operator: 'mci', code: 'answer-unreadable', answers: 1, sms_id: 1_000 }])

  const { stdout } = await runSmsgw('operators', 'list')
  expect(stdout).toMatch(/UNREADABLE ANSWERS\nmci .* 502$/m)
  const shown = await runSmsgw('operators', 'show', 'mci')
  expect(shown.stdout).toMatch(/answer-unreadable +501 .* 2000 {2}<html>/)
  expect(shown.stdout).toContain('(empty)')
  expect(JSON.parse((await runSmsgw('operators', 'show', 'mci', '--json')).stdout)).toMatchObject({
    name: 'mci',
    unreadable_answers: [{ code: 'answer-unreadable', answers: 501, sample: '<html>', last_sms_id: 2_000 }, {}],
  })
  expect(await runSmsgw('operators', 'show', 'nobody')).toMatchObject({ code: 1 })
  const app = Fastify()
  operatorRoutes(app, { pool, metrics: async () => [] })
  expect((await app.inject('/v1/operators')).json()).toMatchObject({
    operators: [{ name: 'mci', unreadable_answers: [{ answers: 501 }, { answers: 1, sample: '' }] }],
  })

  const later = new UnreadableAnswers({ pool, log: log as never, days: 0, writeMs: 10 })
  later.start()
  await eventually(
    'the samples are dropped',
    async () => (await pool.query('SELECT FROM unreadable_answers')).rowCount,
    (count) => count === 0,
  )
  await later.stop()
})

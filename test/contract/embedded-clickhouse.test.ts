import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request as send } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { analyticsSettings } from '../../src/analytics/config.ts'
import { createClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { ClickHouseServer } from '../../src/embedded/clickhouse/clickhouse-server.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { silent } from '../servers/silent-progress.ts'

const { path: folder, remove } = temporaryFolder('smsgw-clickhouse')
const secretFile = join(folder, 'secret.txt')
const written = join(folder, 'written.txt')
const SECRET = 'not for SQL'
let server: ClickHouseServer
let url: URL
let reached = 0
const elsewhere = createServer((_request, response) => {
  reached++
  response.end(SECRET)
})
elsewhere.on('connection', () => {
  reached++
})

beforeAll(async () => {
  writeFileSync(secretFile, SECRET)
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  server = await ClickHouseServer.start(join(folder, 'clickhouse'), silent)
  url = new URL(server.url)
})

afterAll(async () => {
  await server?.stop()
  elsewhere.close()
  await remove()
})

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | number>
  readonly body?: string
}

/** Status and text of what is answered, whether or not the body was sent whole. */
function ask({ method = 'POST', path = '/', headers = {}, body }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = send({ host: url.hostname, port: url.port, method, path, headers }, (response: IncomingMessage) => {
      textOf(response)
        .then((text) => resolve({ status: response.statusCode!, text }), reject)
        .finally(() => sent.destroy())
    })
    sent.once('error', reject)
    if (body === undefined) sent.flushHeaders()
    else sent.end(body)
  })
}

const login = (): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`,
})

test('user and password are taken as ClickHouse’s clients send them', async () => {
  const keys = { 'x-clickhouse-user': url.username, 'x-clickhouse-key': url.password }
  for (const headers of [login(), keys]) {
    expect(await ask({ headers, body: 'SELECT 1' })).toEqual({ status: 200, text: '1\n' })
    expect((await ask({ method: 'GET', path: '/ping', headers, body: '' })).status).toBe(200)
  }
  const settings = readSettings(analyticsSettings, {})
  const client = createClickHouse({ ...settings, CLICKHOUSE_URL: server.url, CLICKHOUSE_DATABASE: 'default' })
  expect(await readRows(client, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await client.close()
})

test.each([
  [{}],
  [{ authorization: 'Basic ' }],
  [{ authorization: `Basic ${Buffer.from('smsgw:').toString('base64')}` }],
  [{ authorization: `Basic ${Buffer.from('default:').toString('base64')}` }],
  [{ authorization: 'Bearer x' }],
  [{ 'x-clickhouse-user': 'default', 'x-clickhouse-key': '' }],
  [{ 'x-clickhouse-user': 'smsgw' }],
])('without them nothing is answered, and no body is waited for: %o', async (headers) => {
  for (const path of ['/ping', '/', '/?query=SELECT%201', '/?user=default&password=&query=SELECT%201', '/play']) {
    const answer = await ask({ path, headers: { ...(headers as Record<string, string>), 'content-length': 1_000_000 } })
    expect(answer).toMatchObject({ status: 401 })
    expect(answer.text).not.toContain('1\n')
  }
})

test.each([
  [{ host: 'evil.example:8123' }],
  [{ host: '127.0.0.1' }],
  [{ host: '127.0.0.1:1' }],
  [{ origin: 'http://evil.example' }],
  [{ origin: 'null' }],
  [{ 'sec-fetch-site': 'cross-site' }],
])('pages of other origins are refused, also by name and with the password: %o', async (headers) => {
  for (const method of ['POST', 'GET', 'OPTIONS']) {
    const all = { ...login(), ...headers } as Record<string, string>
    const body = method === 'POST' ? 'SELECT 1' : ''
    expect((await ask({ method, headers: all, body })).status).toBe(403)
  }
})

test('with the password no file, address or program is reached', async () => {
  const at = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x`
  const address = at.slice('http://'.length, -2)
  const attempts = [
    `SELECT * FROM file('${secretFile}', LineAsString)`,
    `SELECT * FROM file('${secretFile}')`,
    `SELECT file('${secretFile}')`,
    `SELECT * FROM '${secretFile}'`,
    `SELECT * FROM \`${secretFile}\``,
    `SELECT * FROM fileCluster('default', '${secretFile}', LineAsString)`,
    `INSERT INTO FUNCTION file('${written}', CSV, 'a String') SELECT 'x'`,
    `SELECT 1 INTO OUTFILE '${written}'`,
    `SELECT 1 INTO OUTFILE '${written}' TRUNCATE FORMAT CSV`,
    `INSERT INTO kept FROM INFILE '${secretFile}' FORMAT LineAsString`,
    `CREATE TABLE t1 (a String) ENGINE = File(LineAsString, '${secretFile}')`,
    `CREATE TABLE t2 (a String) ENGINE = URL('${at}', LineAsString)`,
    `CREATE TABLE t3 (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '${folder}/')`,
    `CREATE TABLE t5 (k String) ENGINE = EmbeddedRocksDB(0, '${written}') PRIMARY KEY k`,
    `SELECT * FROM filesystem('${folder}')`,
    `SELECT * FROM eval('SELECT file(\\'${secretFile}\\')')`,
    `CREATE DATABASE d1 ENGINE = Filesystem('${folder}')`,
    `CREATE DATABASE d2 ENGINE = SQLite('${secretFile}')`,
    `CREATE DATABASE d3 ENGINE = PostgreSQL('${address}', 'a', 'b', 'c')`,
    `CREATE DICTIONARY d4 (a UInt64) PRIMARY KEY a SOURCE(FILE(PATH '${secretFile}' FORMAT CSV)) LAYOUT(FLAT()) LIFETIME(1)`,
    `CREATE FUNCTION f AS x -> file(x)`,
    `BACKUP TABLE kept TO File('${written}')`,
    `RESTORE TABLE kept FROM File('${secretFile}')`,
    `SELECT * FROM url('${at}', LineAsString)`,
    `INSERT INTO FUNCTION url('${at}', CSV, 'a String') SELECT 'x'`,
    `SELECT * FROM s3('${at}/bucket/key', NOSIGN, LineAsString)`,
    `SELECT * FROM remote('${address}', system.one)`,
    `SELECT * FROM mysql('${address}', 'a', 'b', 'c', 'd')`,
    `SELECT * FROM postgresql('${address}', 'a', 'b', 'c', 'd')`,
    `SELECT * FROM mongodb('${address}', 'a', 'b', 'c', 'd', 'x String')`,
    `SELECT * FROM redis('${address}', 'k', 'k String')`,
    `SELECT * FROM sqlite('${secretFile}', 'x')`,
    `SELECT * FROM jdbc('x', 'y')`,
    `SELECT * FROM odbc('x', 'y')`,
    `SELECT * FROM hdfs('hdfs://${address}/x', LineAsString)`,
    `SELECT * FROM deltaLake('${at}/b/k')`,
    `SELECT * FROM iceberg('${at}/b/k')`,
    `SELECT * FROM azureBlobStorage('${at}', 'c', 'b', 'a', 'k')`,
    `SELECT * FROM executable('id', CSV, 'a String')`,
    `SELECT catboostEvaluate('${secretFile}', 1)`,
    `SELECT 1 SETTINGS format_schema = '${secretFile}:x' FORMAT Protobuf`,
    `SELECT 1 SETTINGS format_template_row = '${secretFile}' FORMAT Template`,
    `CREATE TABLE t4 (a String) ENGINE = Kafka SETTINGS kafka_broker_list = '10.0.0.1:9092', kafka_topic_list = 't', kafka_group_name = 'g', kafka_format = 'CSV'`,
    'SYSTEM SHUTDOWN',
    'CREATE USER u',
    'SET max_threads = 1',
  ]
  expect(
    (await ask({ headers: login(), body: 'CREATE TABLE kept (a String) ENGINE = MergeTree ORDER BY a' })).status,
  ).toBe(200)
  for (const sql of attempts) {
    const { status, text } = await ask({ headers: login(), body: sql })
    expect([sql, status >= 400, text.includes(SECRET)]).toEqual([sql, true, false])
    // Nor as a query in the URL, with or without data behind it.
    for (const body of ['', '{"a":"x"}']) {
      const inUrl = await ask({ headers: login(), path: `/?query=${encodeURIComponent(sql)}`, body })
      expect([sql, inUrl.status >= 400, inUrl.text.includes(SECRET)]).toEqual([sql, true, false])
    }
  }
  expect([reached, existsSync(written), readFileSync(secretFile, 'utf8')]).toEqual([0, false, SECRET])
  expect(await ask({ headers: login(), body: 'SELECT count() FROM kept' })).toEqual({ status: 200, text: '0\n' })
})

test('data behind an INSERT is never SQL', async () => {
  await ask({ headers: login(), body: 'CREATE TABLE rows (a String) ENGINE = MergeTree ORDER BY a' })
  const path = `/?query=${encodeURIComponent('INSERT INTO rows FORMAT JSONEachRow')}`
  const body = `{"a":"one"};\nSELECT 1 INTO OUTFILE '${written}'`
  expect((await ask({ headers: login(), path, body })).status).toBeGreaterThanOrEqual(400)
  expect(existsSync(written)).toBe(false)
  expect((await ask({ headers: login(), path, body: `{"a":"; SELECT 1 INTO OUTFILE '${written}'"}` })).status).toBe(200)
  expect(existsSync(written)).toBe(false)
})

test('a connection that never says what it wants is closed', async () => {
  const socket = connect(Number(url.port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write('POST / HTTP/1.1\r\nHost: ')
  await new Promise((resolve) => socket.once('close', resolve).resume())
})

test('its folder and what it remembers are for this user alone', () => {
  const modes = ['clickhouse', 'clickhouse/access.json', 'clickhouse/clickhouse.log'].map(
    (name) => statSync(join(folder, name)).mode & 0o077,
  )
  expect(modes).toEqual([0, 0, 0])
})

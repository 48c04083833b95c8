import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { topUp } from '../../src/accounts/accounts.ts'
import { eventually } from '../gateway/eventually.ts'
import { runSmsgw } from '../run-command-line.ts'
import { apiGateway } from '../servers/api-gateway.ts'

/** An API on a socket, where `smsgw send` finds it, and a file to send. */
async function gateway(balance: number) {
  const { pool, app, key } = await apiGateway(balance)
  await app.listen({ port: 0, host: '127.0.0.1' })
  vi.stubEnv('SMSGW_API', `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  vi.stubEnv('SMSGW_API_KEY', key)
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-send-'))
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })
  const pathOf = (name: string): string => join(folder, name)
  const write = (content: string | Buffer, name = 'f.csv'): string => {
    writeFileSync(pathOf(name), content)
    return pathOf(name)
  }
  const send = async (path: string, ...options: string[]) => {
    const { code, stdout, stderr } = await runSmsgw('send', '--file', path, '--no-wait', '--json', ...options)
    return { code, stderr, result: stdout === '' ? null : JSON.parse(stdout) }
  }
  const phones = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ phone: string }>('SELECT phone FROM messages ORDER BY phone')
    return rows.map(({ phone }) => phone)
  }
  return { pool, write, send, pathOf, phones }
}

const row = (n: number): string => `+98900000${1_000 + n}`
const file = (count: number): string =>
  `to,text\n${Array.from({ length: count }, (_, n) => `${row(n)},message ${n}`).join('\n')}\n`

test('a campaign that the balance did not cover is finished after a top-up, each row once', async () => {
  const { pool, write, send, phones } = await gateway(300)
  const path = write(file(10))
  const first = await send(path)
  expect(first).toMatchObject({ code: 3, result: { rows: 10, accepted: 3, refused: 7, cost: 300 } })
  expect(first.result.refused_by_code).toEqual({ 'insufficient-balance': 7 })
  expect(await send(path)).toMatchObject({ code: 3, result: { accepted: 0, accepted_before: 3, refused: 7, cost: 0 } })
  await topUp(pool, 'c', 5_000)
  const second = await send(path)
  expect(second).toMatchObject({ code: 0, result: { accepted: 7, accepted_before: 3, refused: 0, cost: 700 } })
  expect(await phones()).toEqual(Array.from({ length: 10 }, (_, n) => row(n)))
  expect(await send(path)).toMatchObject({ code: 0, result: { accepted: 0, accepted_before: 10 } })
  // Once more as another campaign, which can be finished as well.
  expect(await send(path, '--again', 'monday')).toMatchObject({ code: 0, result: { accepted: 10, accepted_before: 0 } })
  expect(await send(path, '--again', 'monday')).toMatchObject({ code: 0, result: { accepted: 0, accepted_before: 10 } })
  expect(await send(path, '--again')).toMatchObject({ code: 0, result: { accepted: 10 } })
  expect(await send(path, '--again', 'a b')).toMatchObject({ code: 1, result: null })
})

test('a file in which every row is refused: the exit code, the summary and the lines say so', async () => {
  const { write, send, phones } = await gateway(10_000)
  const path = write('to,text\n0912,a\n\n"+98 912 12",b\n+989121234567.0,"c\n\nd"\nhello,e\n')
  const { code, result } = await send(path)
  expect(code).toBe(1)
  expect(result).toMatchObject({ rows: 4, accepted: 0, refused: 4, refused_by_code: { 'invalid-phone': 4 } })
  expect(result.refusals.map(({ line }: { line: number }) => line)).toEqual([2, 4, 5, 8])
  expect(result.refusals[2].detail).toContain('has decimals at 13')
  const { code: plain, stdout } = await runSmsgw('send', '--file', path, '--no-wait')
  expect(plain).toBe(1)
  expect(stdout).toMatch(/accepted +0\nrefused +4/)
  expect(stdout).toContain('Line 8: invalid-phone: The number has "h" (U+0068) at 0.')
  expect(await phones()).toEqual([])
})

test('a file of another encoding is refused before anything is sent, and is sent with --encoding', async () => {
  const { pool, write, send } = await gateway(10_000)
  const path = write(Buffer.from('to,text\n+989000000001,caf\xe9\n', 'latin1'))
  const refused = await send(path)
  expect(refused).toMatchObject({ code: 1, result: null })
  expect(refused.stderr).toMatch(/:2:18: the byte 0xE9 is not utf-8.*--encoding windows-1252/)
  expect((await pool.query('SELECT 1 FROM messages')).rows).toEqual([])
  expect(await send(path, '--encoding', 'windows-1252')).toMatchObject({ code: 0, result: { accepted: 1 } })
  expect((await pool.query('SELECT text, encoding FROM messages')).rows).toEqual([{ text: 'café', encoding: 'gsm7' }])
})

test('2,100 rows of 670 Chinese characters are all accepted', async () => {
  const { write, send } = await gateway(100_000_000)
  const text = '汉'.repeat(670)
  const rows = Array.from({ length: 2_100 }, (_, n) => `+98912${2_000_000 + n},${text}`)
  const { code, result } = await send(write(`to,text\n${rows.join('\n')}\n`))
  expect(result).toMatchObject({ accepted: 2_100, refused: 0 })
  expect(code).toBe(0)
})

test('refused rows are written to a file, which is corrected and sent', async () => {
  const { write, send, pathOf, phones } = await gateway(100_000)
  const path = write(`to;text;from\n${row(1)};"a; ""b"" سلام";\n09121234567;c;\n${row(2)};d;${'x'.repeat(30)}\n`)
  const refusedPath = pathOf('refused.csv')
  expect(await send(path, '--refused', refusedPath)).toMatchObject({ code: 3, result: { accepted: 1, refused: 2 } })
  const refused = readFileSync(refusedPath, 'utf8')
  expect(refused.split('\n')[0]).toBe('\ufeffto,text,from,line,code,detail')
  expect(refused).toContain('\n09121234567,c,,3,invalid-phone,')
  const corrected = write(refused.replace('\n0912', '\n+98912').replace('x'.repeat(30), 'ACME'), 'corrected.csv')
  expect(await send(corrected, '--refused', refusedPath)).toMatchObject({
    code: 0,
    result: { accepted: 2, refused: 0 },
  })
  expect(await phones()).toEqual([row(1), row(2), '+989121234567'].sort())
  expect(await send(path, '--refused', path)).toMatchObject({ code: 1, result: null })
})

test('a campaign whose process is killed again and again is finished, each row once', async () => {
  const { pool, write, send } = await gateway(100_000_000)
  const rows = 6_000
  const path = write(file(rows))
  const count = async (): Promise<number> => (await pool.query('SELECT count(*) AS n FROM messages')).rows[0].n
  for (let kills = 1; kills <= 3; kills++) {
    const before = await count()
    const main = join(import.meta.dirname, '../../src/main.ts')
    const child = spawn(process.execPath, [main, 'send', '--file', path, '--no-wait'], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    await eventually('another message is accepted', count, (now) => now > before || now === rows)
    child.kill('SIGKILL')
    await ended
  }
  const { code, result } = await send(path)
  expect(code).toBe(0)
  expect(result.accepted + result.accepted_before).toBe(rows)
  const { rows: found } = await pool.query('SELECT count(*) AS n, count(DISTINCT phone) AS phones FROM messages')
  expect(found).toEqual([{ n: rows, phones: rows }])
  console.log({ acceptedBeforeKills: result.accepted_before })
})

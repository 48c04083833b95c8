import { expect, test } from 'vitest'
import { createLog } from '../runtime/log.ts'
import { ServerWait } from './wait-for-server.ts'

const log = createLog('test', 'silent')
const unavailable = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

test('work is repeated until the server is there, and the wait is said once with its reason', async () => {
  const said: string[] = []
  const wait = new ServerWait(log, (why) => said.push(why))
  let tries = 0
  const result = await wait.until('connection', async () => {
    if (++tries < 4) throw unavailable()
    expect(wait.why).toContain('ECONNREFUSED')
    return 'there'
  })
  expect(result).toBe('there')
  expect(tries).toBe(4)
  expect(said).toEqual(['connect ECONNREFUSED'])
  expect(wait.why).toBeNull()
})

test('what stays wrong is thrown at once', async () => {
  const wait = new ServerWait(log)
  const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' })
  await expect(wait.until('connection', () => Promise.reject(refused))).rejects.toBe(refused)
})

test.each([
  ['between two tries', () => Promise.reject(unavailable())],
  ['while a try gets no answer', () => new Promise<never>(() => {})],
])('stopping %s ends the wait', async (_when, work) => {
  const wait = new ServerWait(log)
  const waiting = wait.until('connection', work)
  await new Promise((resolve) => setTimeout(resolve, 10))
  wait.stop()
  expect(await waiting).toBeNull()
  expect(await wait.until('connection', async () => 'late')).toBeNull()
})

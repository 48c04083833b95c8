import { join } from 'node:path'
import { request } from 'undici'
import { createCustomer, issueKey, readBalance, topUp } from '../../accounts/accounts.ts'
import { isFinal, type Status } from '../../domain/status.ts'
import type { Pool } from '../../postgres/pool.ts'
import { sleep } from '../../runtime/backoff.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'

const DEMO_CUSTOMER = 'demo'
const BALANCE = 100_000_000
const BALANCE_MIN = 10_000_000
const POLL_MS = 20

/**
 * A customer to try the gateway with, its balance filled up, and a key of it. The key is kept in the data folder, as
 * the database has only its hash.
 */
export async function demoCustomer(pool: Pool, folder: string): Promise<string> {
  const balance = await readBalance(pool, DEMO_CUSTOMER)
  if (balance === null)
    await createCustomer(pool, { customerId: DEMO_CUSTOMER, name: 'Demo customer', currency: 'IRR', express: true })
  if ((balance ?? 0) < BALANCE_MIN) await topUp(pool, DEMO_CUSTOMER, BALANCE)
  const path = join(folder, 'demo-key')
  const kept = readStateFile(path, (content) => content.trim(), 'Remove it: another key is then made.')
  if (balance !== null && kept !== null) return kept
  const { key } = await issueKey(pool, DEMO_CUSTOMER)
  writeStateFile(path, `${key}\n`)
  return key
}

export interface DemoMessage {
  readonly smsId: number
  readonly status: Status
  readonly timeline: readonly { readonly status: string; readonly at: string }[]
}

/**
 * Sends a message as a customer would, and reads it until its status is final or the time is up; a read that fails,
 * because a server is being restarted, is tried again. Throws ExpectedError when the message is refused.
 */
export async function sendDemoMessage(api: string, apiKey: string, msMax: number): Promise<DemoMessage> {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ to: '+989121234567', text: 'Hello from your own SMS gateway' })
  const posted = await request(`${api}/v1/messages`, { method: 'POST', headers, body })
  const answer = (await posted.body.json()) as { sms_id: number; detail?: string }
  if (posted.statusCode !== 202) throw new ExpectedError(`The first message was refused: ${answer.detail}`)
  const { sms_id: smsId } = answer
  const deadlineMs = Date.now() + msMax
  while (true) {
    const response = await request(`${api}/v1/messages/${smsId}`, { headers })
    const message = (await response.body.json()) as Omit<DemoMessage, 'smsId'>
    const isRead = response.statusCode === 200
    if (isRead && (isFinal(message.status) || Date.now() > deadlineMs)) {
      return { smsId, status: message.status, timeline: message.timeline }
    }
    if (!isRead && Date.now() > deadlineMs) throw new ExpectedError(`Message ${smsId} cannot be read now`)
    await sleep(POLL_MS)
  }
}

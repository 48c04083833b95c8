import { onTestFinished } from 'vitest'
import { ReceiptListener } from '../../src/delivery/callbacks/receipt-listener.ts'
import { describeHttp } from '../../src/delivery/connectors/http/describe-http.ts'
import { HttpConnector } from '../../src/delivery/connectors/http/http-connector.ts'
import type { HttpSettings } from '../../src/delivery/connectors/http/http-settings.ts'
import type { ReceiptWorker } from './receipt-worker.ts'

/** An operator that calls with `?token=t`, and names messages by `id`, `state` and `to`. */
export const CALLS: HttpSettings = {
  request: { url: 'http://127.0.0.1:9/' },
  answer: { id: '/id' },
  receipts: {
    push: {
      id: '/id',
      status: '/state',
      recipient: '/to',
      statuses: { DELIVERED: 'delivered', FAILED: 'failed', QUEUED: 'ignored' },
      token: { query: 'token', secret: 'token' },
    },
  },
}

/** A listener for operators by those names, whose receipts the worker takes. Returns its address. */
export async function listenFor(
  worker: Pick<ReceiptWorker, 'eventsOf' | 'outcomes'>,
  operators: Readonly<Record<string, HttpSettings>>,
  exchangeMsMax?: number,
): Promise<{ base: string; answers: Map<string, number>; delivered: Map<string, number> }> {
  const answers = new Map<string, number>()
  const delivered = new Map<string, number>()
  const doors = new Map(
    Object.entries(operators).map(([operator, settings]) => {
      const door = new HttpConnector(
        {
          operator,
          description: describeHttp(settings),
          secrets: new Map([['token', 't']]),
          responseTimeoutMs: 5_000,
          window: 1,
        },
        { ...worker.eventsOf(operator), readyChanged: () => {} },
        {
          troubled: () => {},
          notListening: () => {},
          delivered: (kind, count) => {
            delivered.set(`${operator} ${kind}`, (delivered.get(`${operator} ${kind}`) ?? 0) + count)
          },
        },
      )
      return [operator, door] as const
    }),
  )
  const listener = new ReceiptListener({
    host: '127.0.0.1',
    port: 0,
    doorOf: (operator) => doors.get(operator) ?? null,
    answered: (operator, status) => {
      const key = `${operator ?? 'nobody'} ${status}`
      answers.set(key, (answers.get(key) ?? 0) + 1)
    },
    ...(exchangeMsMax === undefined ? {} : { exchangeMsMax }),
  })
  await listener.start()
  onTestFinished(async () => {
    await listener.stop()
    await Promise.all([...doors.values()].map((door) => door.stop()))
  })
  return { base: `http://127.0.0.1:${listener.port}/receipts`, answers, delivered }
}

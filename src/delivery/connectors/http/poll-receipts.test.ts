import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HttpPollForm } from './http-settings.ts'
import { ReceiptPoller } from './poll-receipts.ts'
import type { HttpAnswer } from './read-answer.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const FORM: HttpPollForm = {
  request: { url: 'http://127.0.0.1/?ids={ids}', method: 'GET' },
  id: '/id',
  status: '/state',
  statuses: { D: 'delivered' },
  every_ms: 1_000,
  ids_max: 8,
}

function answered(status: number, json: unknown): HttpAnswer {
  return { status, json, text: JSON.stringify(json), extent: 'whole' }
}

/** A poller whose requests are answered so; what it asked for and what it took. */
function polling(answerTo: (ids: readonly string[]) => HttpAnswer) {
  const asked: string[][] = []
  const taken: string[] = []
  const poller = new ReceiptPoller({
    form: FORM,
    exchange: {
      exchange: async ({ url }) => {
        const ids = new URL(url).searchParams.get('ids')!.split(',')
        asked.push(ids)
        return answerTo(ids)
      },
    },
    values: new Map(),
    take: async ({ receipts }) => {
      taken.push(...receipts.map(({ operatorMessageId }) => operatorMessageId))
      return receipts.map(() => ({ status: 'fulfilled', value: undefined }))
    },
    troubled: () => {},
  })
  return { poller, asked, taken }
}

test('a request that is refused is divided until the refused id is alone, and is given up', async () => {
  const { poller, asked, taken } = polling((ids) =>
    ids.includes('bad')
      ? answered(400, null)
      : answered(
          200,
          ids.map((id) => ({ id, state: 'D' })),
        ),
  )
  for (const id of ['1', '2', '3', 'bad', '5', '6', '7']) poller.await(id)
  poller.start()
  await vi.advanceTimersByTimeAsync(10)
  expect(taken.sort()).toEqual(['1', '2', '3', '5', '6', '7'])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked.filter((ids) => ids.join() === 'bad')).toHaveLength(5)
  await poller.stop()
})

test('an operator that fails is asked more and more rarely, and as before when it answers', async () => {
  let isFailing = true
  const { poller, asked, taken } = polling((ids) =>
    isFailing
      ? answered(503, null)
      : answered(
          200,
          ids.map((id) => ({ id, state: 'D' })),
        ),
  )
  poller.await('1')
  poller.start()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(asked.length).toBeGreaterThan(5)
  expect(asked.length).toBeLessThan(20)
  isFailing = false
  await vi.advanceTimersByTimeAsync(300_000)
  expect(taken).toEqual(['1'])
  poller.await('2')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(taken).toEqual(['1', '2'])
  await poller.stop()
})

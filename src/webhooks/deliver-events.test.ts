import { expect, onTestFinished, test, vi } from 'vitest'
import { consumedRecord } from '../../test/servers/consumed-record.ts'
import { eventId } from '../domain/event-id.ts'
import { eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { TOPICS } from '../events/topics.ts'
import type { Outcome } from '../kafka/consumer/outcome.ts'
import { type DeliverParts, EventDelivery } from './deliver-events.ts'

const FAILURE_WAIT_MS = 1_000

function statusRecord() {
  const at = '2026-11-24T11:00:00.000Z'
  const value = eventCodec(StatusEvent).encode({
    ...{ event_id: eventId(7, 'delivered', 1), sms_id: 7, customer_id: 'c', status: 'delivered', delivered_at: at },
    ...{ occurred_at: at, operator: 'o', operator_message_id: '1', error_code: null, error_message: null },
    ...{ latency_ms: 1_000, attempt: 1, segments: 1, possible_duplicate: false },
  })
  return consumedRecord({ topic: TOPICS.status, key: '7', value })
}

test.each([600_000, -600_000])(
  'a pause without a database is as long as it was to be when the wall clock steps by %d ms, and counts once',
  async (stepMs) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const failed = vi.fn(() => FAILURE_WAIT_MS)
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const directory = { of: () => Promise.reject(refused) }
    const delivery = new EventDelivery({ directory, failure: { failed } } as unknown as DeliverParts)
    const pause = async (): Promise<number> => {
      const outcome = (await delivery.handle(statusRecord())) as Outcome & { kind: 'pause' }
      expect(outcome.kind).toBe('pause')
      return outcome.untilMs - Date.now()
    }
    expect(await pause()).toBeLessThanOrEqual(FAILURE_WAIT_MS)
    vi.setSystemTime(Date.now() + stepMs)
    const restMs = await pause()
    expect(restMs).toBeGreaterThan(-FAILURE_WAIT_MS)
    expect(restMs).toBeLessThanOrEqual(FAILURE_WAIT_MS)
    expect(failed).toHaveBeenCalledTimes(1)
  },
)

import { expect, onTestFinished, test, vi } from 'vitest'
import { consumedRecord, recordState } from '../../../test/servers/consumed-record.ts'
import { DONE, deadLetter, givenUp, type Outcome } from '../consumer/outcome.ts'
import { deadLetters } from './dead-letter.ts'
import { DeadLetterBrake } from './dead-letter-brake.ts'
import type { RecordHandler } from './middleware.ts'
import { retry } from './retry.ts'

const failing: RecordHandler = () => {
  throw new Error('no')
}

test('retry waits by its tiers, the last for all that follow, and gives up with error and stack', async () => {
  const record = consumedRecord({})
  const handle = retry({ attemptsMax: 5, tiersMs: [1_000, 60_000] })(failing)
  const waits: number[] = []
  for (let failures = 0; failures < 4; failures++) {
    const outcome = (await handle(record, recordState({ failures }))) as Outcome & { kind: 'retry' }
    waits.push(outcome.atMs - Date.now())
  }
  // A wait is spread over its upper half; a second is left for the machine.
  for (const [index, tier] of [1_000, 60_000, 60_000, 60_000].entries()) {
    expect(waits[index]).toBeGreaterThan(tier / 2 - 1_000)
    expect(waits[index]).toBeLessThanOrEqual(tier)
  }
  const last = await handle(record, recordState({ failures: 4 }))
  expect(last).toMatchObject({ kind: 'dead-letter', reason: 'attempts-exhausted', error: 'no' })
  expect(last).toHaveProperty('stack', expect.stringContaining('middleware.test.ts'))
})

test('retry doubles its waits up to the ceiling, for handlers that throw at once and for those that reject', async () => {
  const options = { attemptsMax: 9, backoffMsFirst: 1_000, backoffMsMax: 3_000 }
  for (const handler of [failing, async () => failing(consumedRecord({}), recordState())]) {
    const state = recordState({ failures: 6 })
    const outcome = (await retry(options)(handler)(consumedRecord({}), state)) as Outcome & { kind: 'retry' }
    expect(outcome.kind).toBe('retry')
    expect(outcome.atMs - Date.now()).toBeLessThanOrEqual(3_000)
  }
})

test('a dead letter is done when it is published, and stays while it is not', async () => {
  const published: string[] = []
  let isUnavailable = true
  const handle = deadLetters(
    () => deadLetter('schema', 'bad'),
    async (_record, { reason, error, attempts }) => {
      if (isUnavailable) throw new Error('unavailable')
      published.push(`${reason}: ${error}, ${attempts}`)
    },
  )
  expect(await handle(consumedRecord({}), recordState())).toMatchObject({ kind: 'retry' })
  isUnavailable = false
  expect(await handle(consumedRecord({}), recordState({ failures: 1 }))).toBe(DONE)
  expect(published).toEqual(['schema: bad, 2'])
})

test.each([600_000, -600_000])(
  'a brake waits no longer and no shorter when the wall clock steps by %d ms',
  async (stepMs) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const brake = new DeadLetterBrake()
    const handle = deadLetters(
      () => givenUp('handler', 'broken'),
      async () => {},
      { brake },
    )
    for (let letters = 0; letters < 10; letters++) await handle(consumedRecord({}), recordState())
    vi.setSystemTime(Date.now() + stepMs)
    expect(brake.braked).not.toBeNull()
    const outcome = (await handle(consumedRecord({}), recordState())) as Outcome & { kind: 'shed' }
    expect(outcome.kind).toBe('shed')
    // A probe after a second, and up to another so that not all come at once.
    expect(outcome.atMs - Date.now()).toBeGreaterThan(0)
    expect(outcome.atMs - Date.now()).toBeLessThanOrEqual(2_000)
  },
)

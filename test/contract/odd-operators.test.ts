import { expect, onTestFinished, test } from 'vitest'
import { judgeFaults } from '../../src/delivery/attempts/judge-fault.ts'
import { AttemptMaker } from '../../src/delivery/attempts/make-attempt.ts'
import { AttemptBook } from '../../src/delivery/attempts/record-attempts.ts'
import { LiveConnections } from '../../src/delivery/connections/live-connections.ts'
import { CONNECTORS } from '../../src/delivery/connectors/connectors.ts'
import { TaskDelivery } from '../../src/delivery/deliver-task.ts'
import { LeavingPartitions } from '../../src/delivery/leaving-partitions.ts'
import { PausingGate } from '../../src/delivery/pace/pausing-gate.ts'
import { type Attempt, isTaken } from '../../src/domain/attempts/attempt.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { DeliveryTask } from '../../src/events/delivery.ts'
import type { StatusDetails } from '../../src/events/status-record.ts'
import type { Outcome } from '../../src/kafka/consumer/outcome.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { type OddAnswer, startOddAggregator } from '../gateway/peers/odd-http-answers.ts'
import { REFERENCE_TAG, refOf, startOddSmsc } from '../gateway/peers/odd-smpp-answers.ts'
import { ScriptedSmsc } from '../gateway/peers/scripted-smsc.ts'
import { SeededRandom } from '../gateway/seeded-random.ts'
import { consumedRecord, recordState } from '../servers/consumed-record.ts'
import { fixedOperators } from '../servers/fixed-operators.ts'
import { freshDatabase } from '../servers/fixtures.ts'
import { TASK } from '../servers/sample-message.ts'

/** Messages, a third of them of each operator. By hand: ODD_ANSWERS=20000, and ODD_SEED for a run that failed. */
const MESSAGES = Number(process.env.ODD_ANSWERS || 1_500)
const SEED = Number(process.env.ODD_SEED || Date.now() % 1_000_000)
const AT_ONCE = 150
const TIMEOUT_MS = 120_000 + MESSAGES * 60

const MAX_RETRIES = 2
const RESENDS_MAX = 2
const OPERATORS = ['odd-http', 'odd-smpp', 'healthy'] as const
type Operator = (typeof OPERATORS)[number]

function operatorsFile(url: string, oddSmsc: string, healthySmsc: string): string {
  const rules = `window: 40, response_timeout_ms: 500, on_ambiguous: resend, resends_max: ${RESENDS_MAX}, resend_ms_first: 100`
  const smpp = (address: string): string =>
    `{address: "${address}", system_id: x, reference_tlv: ${REFERENCE_TAG}, binds: 4, reconnect_ms_first: 5, reconnect_ms_max: 20}`
  const http = `{request: {url: "${url}", json: {ref: "{ref}"}}, answer: {id: /id, code: /code, taken: [ok]}, errors: {codes: {no: rejected, busy: throttled}}}`
  return `operators:
  odd-http: {connector: http, http: ${http}, ${rules}}
  odd-smpp: {connector: smpp, smpp: ${smpp(oddSmsc)}, ${rules}}
  healthy: {connector: smpp, smpp: ${smpp(healthySmsc)}, ${rules.replace('500,', '30000,')}}
routes:
  - {prefix: "1", operator: healthy, price: 1}
`
}

/** What became of a message. */
interface Fate {
  readonly operator: Operator
  readonly outcome: Outcome
  readonly seconds: number
}

/** The worker without its Kafka: each task is visited as lanes do, until it is done or a dead letter. */
class Worker {
  readonly statuses = new Map<number, [status: string, details: StatusDetails]>()
  readonly connections: LiveConnections
  readonly #delivery: TaskDelivery

  constructor(book: AttemptBook, file: string) {
    const log = createLog('test', 'silent')
    this.connections = new LiveConnections({
      operators: fixedOperators(file),
      connectors: CONNECTORS,
      host: { simulatorAddress: '', isListening: false, env: {} },
      receipt: async () => {},
      incoming: async () => {},
      oddReceipt: () => {},
      breakerChanged: () => {},
      openGate: (_operator, _perSecond, reopened) => new PausingGate(reopened),
      metrics: new Metrics(),
      log,
    })
    this.#delivery = new TaskDelivery({
      clock: { nowMs: () => Date.now() },
      connections: this.connections,
      attempts: book,
      maker: new AttemptMaker({ attempts: book, submitted: () => {} }),
      reporter: {
        report: async ({ smsId }: { smsId: number }, status: string, details: StatusDetails) =>
          void this.statuses.set(smsId, [status, details]),
      } as never,
      receipts: { expect: () => {} },
      publisher: { publishReceipt: async () => {}, publishStored: async () => {} } as never,
      leaving: new LeavingPartitions(),
      rules: { retryMsFirst: 20, retryMsMax: 100, validMsDefault: Infinity, deferMs: Infinity, deferAfterMs: Infinity },
    })
  }

  async deliver(task: DeliveryTask): Promise<Fate> {
    const beganMs = performance.now()
    const [record, state] = [consumedRecord({}), recordState()]
    const handle = judgeFaults(() => this.#delivery.handle(task, record, state), { smsIdOf: () => task.sms_id })
    while (true) {
      const outcome = await handle(record, state)
      if (outcome.kind === 'done' || outcome.kind === 'dead-letter') {
        return { operator: task.operator as Operator, outcome, seconds: (performance.now() - beganMs) / 1_000 }
      }
      if (outcome.kind === 'await-operator') throw new Error('no wait is to be deferred here')
      const atMs = 'atMs' in outcome ? outcome.atMs : outcome.untilMs
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - Date.now())))
    }
  }
}

/** Does `work` for each item, so many at once. */
async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const next = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, next))
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length * share)]! * 1_000)
}

test(`whatever operators answer (seed ${SEED}): a healthy one's messages go on, and each odd answer is accounted for`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const drawn = new Map<string, OddAnswer>()
  const draw = (ref: string, answer: OddAnswer): void => {
    expect(drawn.has(ref), `${ref} was submitted twice`).toBe(false)
    drawn.set(ref, answer)
  }
  const aggregator = await startOddAggregator(new SeededRandom(SEED), draw)
  const oddSmsc = await startOddSmsc(new SeededRandom(SEED + 1), draw)
  let named = 0
  const healthySubmits: string[] = []
  const healthySmsc = await ScriptedSmsc.start((pdu) => {
    if (pdu.command === 'submit_sm') healthySubmits.push(refOf(pdu))
    return false
  })
  const book = new AttemptBook(await freshDatabase(), 'worker')
  const worker = new Worker(book, operatorsFile(aggregator.url, oddSmsc.address, healthySmsc.address))
  worker.connections.start()
  onTestFinished(async () => {
    await worker.connections.stop()
    await book.stop()
    await Promise.all([aggregator.stop(), oddSmsc.stop(), healthySmsc.stop()])
  })

  const ids = new SmsIds(1)
  const tasks = Array.from({ length: MESSAGES }, (): DeliveryTask => {
    return { ...TASK, sms_id: ids.next(Date.now()), operator: OPERATORS[named++ % 3]!, max_retries: MAX_RETRIES }
  })
  const fates = new Map<number, Fate>()
  await Promise.all(
    OPERATORS.map((operator) =>
      inParallel(
        tasks.filter((task) => task.operator === operator),
        AT_ONCE,
        async (task) => void fates.set(task.sms_id, await worker.deliver(task)),
      ),
    ),
  )

  const healthy = [...fates].filter(([, { operator }]) => operator === 'healthy')
  expect(healthy.every(([, { outcome }]) => outcome.kind === 'done')).toBe(true)
  expect(healthy.every(([smsId]) => worker.statuses.get(smsId)![0] === 'sent')).toBe(true)
  expect(healthySubmits.toSorted()).toEqual(healthy.map(([smsId]) => `${smsId}.1`).toSorted())

  const kinds = new Map<string, number>()
  for (const [smsId, fate] of fates) {
    if (fate.operator === 'healthy') continue
    const { attempts } = await book.history(smsId)
    for (const name of judge(smsId, fate, attempts, drawn, worker.statuses.get(smsId)![0])) {
      kinds.set(name, (kinds.get(name) ?? 0) + 1)
    }
  }
  expect([...kinds.values()].reduce((sum, count) => sum + count, 0)).toBe(drawn.size)
  const seconds = healthy.map(([, fate]) => fate.seconds)
  console.log(
    `seed ${SEED}: ${drawn.size} odd answers of ${kinds.size} kinds; ` +
      `the healthy operator's ${healthy.length} messages took p50 ${quantile(seconds, 0.5)} ms, p99 ${quantile(seconds, 0.99)} ms`,
  )
})

/**
 * A message's rows, its status and what its operator did must be one story. Returns the names of the answers that its
 * attempts got.
 */
function judge(
  smsId: number,
  fate: Fate,
  attempts: readonly Attempt[],
  drawn: ReadonlyMap<string, OddAnswer>,
  status: string,
): string[] {
  const answers = attempts.map(({ attempt }) => drawn.get(`${smsId}.${attempt}`))
  const outcomes = attempts.map(({ parts }) => parts[0]!.outcome!)
  const story = `${smsId} ${status}: ${outcomes.map((outcome, index) => `${outcome} by ${answers[index]?.name}`)}`
  for (const [index, outcome] of outcomes.entries()) {
    const answer = answers[index]
    // An answer to another message may have ended the connection, and a busy machine may be late.
    const mayBe = answer ? [...answer.outcomes, 'ambiguous'] : ['ambiguous', 'unsent']
    expect(mayBe, story).toContain(outcome)
  }
  // What is taken is not sent again; what may have been taken is sent again only under a flag, and a few times.
  expect(
    attempts.slice(0, -1).some(({ parts }) => isTaken(parts[0]!)),
    story,
  ).toBe(false)
  const firstLost = outcomes.indexOf('ambiguous')
  for (const [index, { possibleDuplicate }] of attempts.entries()) {
    expect(possibleDuplicate, story).toBe(firstLost >= 0 && index > firstLost)
  }
  const count = (wanted: string): number => outcomes.filter((outcome) => outcome === wanted).length
  expect(count('ambiguous'), story).toBeLessThanOrEqual(RESENDS_MAX + 1)
  expect(count('temporary'), story).toBeLessThanOrEqual(MAX_RETRIES + 1)
  // The last attempt says what the message has come to.
  const ends = { sent: 'sent', unidentified: 'sent', rejected: 'rejected', temporary: 'failed', ambiguous: 'unknown' }
  expect(status, story).toBe(ends[outcomes.at(-1) as keyof typeof ends])
  const isExhausted = fate.outcome.kind === 'dead-letter' && fate.outcome.reason === 'attempts-exhausted'
  expect(isExhausted ? 'failed' : fate.outcome.kind, story).toBe(status === 'failed' ? 'failed' : 'done')
  return answers.flatMap((answer) => answer?.name ?? [])
}

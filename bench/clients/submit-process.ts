import { openSmppConnector } from '../../src/delivery/connectors/smpp/open-smpp-connector.ts'
import type { SmppConnector } from '../../src/delivery/connectors/smpp/smpp-connector.ts'
import type { SmppObserver } from '../../src/delivery/connectors/smpp/smpp-observer.ts'
import { type LatencyMs, latencyHistogram, percentilesMs, recordMs } from '../../test/gateway/load/latency.ts'
import { answerTask } from './forked-task.ts'

export interface SubmitOptions {
  readonly port: number
  readonly binds: number
  readonly window: number
  readonly seconds: number
  /** Before those, and not counted. */
  readonly warmUpSeconds: number
}

export interface SubmitRun {
  readonly submitsPerSecond: number
  /** From a submit to its answer. */
  readonly latencyMs: LatencyMs
  /** Of the whole run, warm-up included. */
  readonly submits: number
  /** Submits that were not answered by an id. */
  readonly refused: number
  readonly receipts: ReceiptCount
  readonly cpuMs: number
}

export interface ReceiptCount {
  readonly matched: number
  readonly missing: number
  readonly unknown: number
  readonly twice: number
}

const TEXT = 'Your parcel arrives today between 14:00 and 16:00. Your code is 493021.'
const READY_MS = 10_000
const RECEIPTS_MS = 30_000
const QUIET: SmppObserver = {
  bound() {},
  ended() {},
  pdus() {},
  answered() {},
  delivered() {},
  noted() {},
  measured() {},
  closed() {},
}

answerTask(async ({ port, binds, window, seconds, warmUpSeconds }: SubmitOptions): Promise<SubmitRun> => {
  const receipts = new ReceiptBook()
  const ready = Promise.withResolvers<void>()
  const timer = setTimeout(() => ready.reject(new Error('the SMSC was not bound in time')), READY_MS)
  const connector = openSmppConnector(
    {
      name: 'bench',
      settings: { address: `127.0.0.1:${port}`, system_id: 'bench', binds, reference_tlv: 0x1501 },
      window,
      responseTimeoutMs: 10_000,
    },
    {
      receipt: async ({ operatorMessageId }) => receipts.reported(operatorMessageId),
      incoming: async () => {},
      oddReceipt: () => {},
      readyChanged: (isReady) => {
        if (isReady) ready.resolve()
      },
    },
    QUIET,
    { simulatorAddress: '', isListening: false, env: {} },
  )
  const cpuBefore = process.cpuUsage()
  connector.start()
  await ready.promise
  clearTimeout(timer)
  const load = new SubmitLoad(connector, receipts)
  await load.run(window, warmUpSeconds)
  const measured = load.startMeasuring()
  await load.run(window, seconds)
  const result = measured()
  await receipts.untilAllReceived(RECEIPTS_MS)
  await connector.stop()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { ...result, ...load.counts, receipts: receipts.count, cpuMs: (user + system) / 1_000 }
})

/** Keeps a number of submits under way. */
class SubmitLoad {
  readonly #connector: SmppConnector
  readonly #receipts: ReceiptBook
  #histogram = latencyHistogram()
  #submits = 0
  #refused = 0

  constructor(connector: SmppConnector, receipts: ReceiptBook) {
    this.#connector = connector
    this.#receipts = receipts
  }

  get counts(): Pick<SubmitRun, 'submits' | 'refused'> {
    return { submits: this.#submits, refused: this.#refused }
  }

  /** Resolves when the last of what was submitted in that time is answered. */
  async run(atOnce: number, seconds: number): Promise<void> {
    const endMs = performance.now() + seconds * 1_000
    await Promise.all(Array.from({ length: atOnce }, () => this.#oneAfterAnother(endMs)))
  }

  startMeasuring(): () => Pick<SubmitRun, 'submitsPerSecond' | 'latencyMs'> {
    this.#histogram = latencyHistogram()
    const [startMs, before] = [performance.now(), this.#submits]
    return () => ({
      submitsPerSecond: ((this.#submits - before) * 1_000) / (performance.now() - startMs),
      latencyMs: percentilesMs(this.#histogram),
    })
  }

  async #oneAfterAnother(endMs: number): Promise<void> {
    for (let nowMs = performance.now(); nowMs < endMs; ) {
      const smsId = ++this.#submits
      const result = await this.#connector.submit(messageOf(smsId), 1)
      const answeredMs = performance.now()
      recordMs(this.#histogram, answeredMs - nowMs)
      nowMs = answeredMs
      if (result.kind === 'sent') this.#receipts.expect(result.operatorMessageId)
      else this.#refused++
    }
  }
}

/** Which ids were given for submits, and which came in receipts, which may be before. */
class ReceiptBook {
  readonly #expected = new Set<string>()
  readonly #early = new Set<string>()
  readonly #matched = new Set<string>()
  #twice = 0

  get count(): ReceiptCount {
    const [matched, missing, unknown] = [this.#matched.size, this.#expected.size, this.#early.size]
    return { matched, missing, unknown, twice: this.#twice }
  }

  expect(id: string): void {
    if (this.#early.delete(id)) this.#matched.add(id)
    else this.#expected.add(id)
  }

  reported(id: string): void {
    if (this.#expected.delete(id)) this.#matched.add(id)
    else if (this.#matched.has(id)) this.#twice++
    else this.#early.add(id)
  }

  async untilAllReceived(msMax: number): Promise<void> {
    const deadlineMs = performance.now() + msMax
    while (this.#expected.size > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function messageOf(smsId: number): Parameters<SmppConnector['submit']>[0] {
  return {
    smsId,
    ref: `${smsId}.1`,
    phone: `+98912${String(smsId % 10_000_000).padStart(7, '0')}`,
    sender: 'smsgw',
    text: TEXT,
    encoding: 'gsm7',
    flash: false,
    validUntilMs: null,
    priority: 1,
  }
}

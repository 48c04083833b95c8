import { onTestFinished } from 'vitest'
import type {
  IncomingMessage,
  OddReceipt,
  OutgoingMessage,
  Receipt,
  SubmitResult,
} from '../../src/delivery/connectors/connector.ts'
import { openSmppConnector } from '../../src/delivery/connectors/smpp/open-smpp-connector.ts'
import type { SessionEnd } from '../../src/delivery/connectors/smpp/session-actions.ts'
import type { SmppConnector } from '../../src/delivery/connectors/smpp/smpp-connector.ts'
import type { SmppObserver } from '../../src/delivery/connectors/smpp/smpp-observer.ts'
import type { SmppSettings } from '../../src/delivery/connectors/smpp/smpp-settings.ts'
import { eventually } from '../gateway/eventually.ts'

/** A connector with what it has reported. */
export interface OpenedSmpp {
  readonly connector: SmppConnector
  readonly receipts: Receipt[]
  readonly incoming: IncomingMessage[]
  readonly oddReceipts: OddReceipt[]
  readonly ends: SessionEnd[]
  /** Counts of the observer's calls. */
  readonly observed: Map<string, number>
}

export interface OpenSmppOptions {
  readonly window?: number
  readonly responseTimeoutMs?: number
  readonly receipt?: (receipt: Receipt) => Promise<void>
  readonly incoming?: (message: IncomingMessage) => Promise<void>
  readonly oddReceipt?: (odd: OddReceipt) => void
  readonly env?: NodeJS.ProcessEnv
}

/** A connector to that address, started; stopped when the test ends. */
export function openSmpp(
  address: SmppSettings['address'],
  settings: Partial<SmppSettings> = {},
  options: OpenSmppOptions = {},
): OpenedSmpp {
  const receipts: Receipt[] = []
  const incoming: IncomingMessage[] = []
  const oddReceipts: OddReceipt[] = []
  const ends: SessionEnd[] = []
  const observed = new Map<string, number>()
  const count = (what: string, times = 1): void => void observed.set(what, (observed.get(what) ?? 0) + times)
  const observer: SmppObserver = {
    bound: (bind) => count(`bound ${bind}`),
    ended(_bind, _address, end) {
      ends.push(end)
      count(`ended ${end.cause}`)
    },
    pdus: count,
    answered: (status) => count(`answered ${status}`),
    delivered: (kind) => count(`delivered ${kind}`),
    noted: (_bind, oddity) => count(`noted ${oddity}`),
    measured: ({ bound }) => observed.set('bound', bound),
    closed: () => count('closed'),
  }
  const fast = { reconnect_ms_first: 20, reconnect_ms_max: 100, refused_ms_first: 200, refused_ms_max: 400 }
  const connector = openSmppConnector(
    {
      name: 'test',
      settings: { address, system_id: 'gateway', ...fast, ...settings },
      window: options.window ?? 10,
      responseTimeoutMs: options.responseTimeoutMs ?? 5_000,
    },
    {
      async receipt(receipt) {
        await options.receipt?.(receipt)
        receipts.push(receipt)
      },
      async incoming(message) {
        await options.incoming?.(message)
        incoming.push(message)
      },
      oddReceipt(odd) {
        options.oddReceipt?.(odd)
        oddReceipts.push(odd)
      },
      readyChanged: (ready) => count(ready ? 'ready' : 'not ready'),
    },
    observer,
    { simulatorAddress: '', isListening: false, env: options.env ?? {} },
  )
  connector.start()
  onTestFinished(() => connector.stop())
  return { connector, receipts, incoming, oddReceipts, ends, observed }
}

export const ready = ({ connector }: OpenedSmpp): Promise<boolean> =>
  eventually('the connector is ready', () => connector.isReady, Boolean)

let lastSmsId = 4_611_686_018_000

/** Another message each time. */
export function smppMessage(more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const smsId = ++lastSmsId
  return {
    smsId,
    ref: `${smsId}.1`,
    phone: '+989121234567',
    sender: 'smsgw',
    text: 'Hello',
    encoding: 'gsm7',
    flash: false,
    validUntilMs: null,
    priority: 1,
    ...more,
  }
}

export const submitAll = (connector: SmppConnector, count: number): Promise<SubmitResult[]> =>
  Promise.all(Array.from({ length: count }, () => connector.submit(smppMessage(), 1)))

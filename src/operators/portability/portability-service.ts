import { Agent, request } from 'undici'
import type { Portability, PortedNetwork } from './portability.ts'

export interface PortabilityServiceOptions {
  /** `{phone}` is replaced by the digits behind the plus. */
  readonly url: string
  /** Paths into the answer whose values, one behind the other, are MCC and MNC. */
  readonly fields: readonly string[]
  /** The header of that name; empty for none. */
  readonly authorization: string
  readonly isLookedUp: (phone: string) => boolean
}

const TIMEOUT_MS = 300
const CONNECTIONS_MAX = 64
const REQUESTS_MAX = 2_000
const ANSWER_BYTES_MAX = 16_384
const REMEMBERED_MAX = 100_000
const REMEMBERED_MS = 3_600_000
/** So many failures one after another, and the service is left alone for a while. */
const FAILURES_MAX = 20
const PAUSE_MS = 5_000

interface Remembered {
  readonly network: PortedNetwork | null
  readonly untilMs: number
}

/**
 * Asks a look-up service (HLR or number portability) for the network of each number, by HTTP GET. An answer is
 * remembered for an hour. What it does not answer in 300 ms goes by its prefix; after 20 failures in a row nothing is
 * asked for five seconds, so that a dead service does not hold up what customers send.
 */
export class PortabilityService implements Portability {
  readonly #options: PortabilityServiceOptions
  readonly #agent = new Agent({ connections: CONNECTIONS_MAX, maxResponseSize: ANSWER_BYTES_MAX })
  /** Oldest first. */
  readonly #remembered = new Map<string, Remembered>()
  #requests = 0
  #failures = 0
  #pausedUntilMs = 0

  constructor(options: PortabilityServiceOptions) {
    this.#options = options
  }

  async networksOf(phones: readonly string[]): Promise<ReadonlyMap<string, PortedNetwork>> {
    const asked = [...new Set(phones)].filter(this.#options.isLookedUp)
    const found = await Promise.all(asked.map(async (phone) => [phone, await this.#networkOf(phone)] as const))
    return new Map(found.filter((entry): entry is [string, PortedNetwork] => entry[1] !== null))
  }

  async stop(): Promise<void> {
    await this.#agent.destroy()
  }

  async #networkOf(phone: string): Promise<PortedNetwork | null> {
    const remembered = this.#remembered.get(phone)
    if (remembered && remembered.untilMs > Date.now()) return remembered.network
    if (this.#requests >= REQUESTS_MAX || this.#pausedUntilMs > Date.now()) return UNANSWERED
    this.#requests++
    try {
      const mccMnc = await this.#ask(phone)
      this.#failures = 0
      const network = mccMnc === null ? null : { mccMnc, known: 'by the portability service' }
      this.#remember(phone, network)
      return network
    } catch {
      if (++this.#failures >= FAILURES_MAX) this.#pausedUntilMs = Date.now() + PAUSE_MS
      return UNANSWERED
    } finally {
      this.#requests--
    }
  }

  /** Null if the service does not know the number. Throws if it does not answer, or not as described. */
  async #ask(phone: string): Promise<string | null> {
    const { url, fields, authorization } = this.#options
    const { statusCode, body } = await request(url.replaceAll('{phone}', phone.slice(1)), {
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json', ...(authorization === '' ? {} : { authorization }) },
    })
    if (statusCode === 404) {
      await body.dump()
      return null
    }
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`status ${statusCode}`)
    }
    const answer: unknown = await body.json()
    return toMccMnc(fields.map((field) => valueAt(answer, field)))
  }

  #remember(phone: string, network: PortedNetwork | null): void {
    this.#remembered.delete(phone)
    this.#remembered.set(phone, { network, untilMs: Date.now() + REMEMBERED_MS })
    if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.delete(this.#remembered.keys().next().value!)
  }
}

const UNANSWERED: PortedNetwork = { mccMnc: null, known: 'as the portability service did not answer' }

/** The value at a path as in `result.network`; undefined where there is none. */
function valueAt(answer: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown> | null)?.[step], answer)
}

/** `43211`, `432-11`, or 432 and 11 as 432-11. Null if a part is null or missing. Throws if it is something else. */
function toMccMnc(parts: readonly unknown[]): string | null {
  if (parts.some((part) => part === undefined || part === null || part === '')) return null
  const [mcc, mnc] = parts.length > 1 ? parts.map(String) : splitMccMnc(String(parts[0]))
  const mccMnc = `${mcc}-${mnc!.padStart(2, '0')}`
  if (/^[0-9]{3}-[0-9]{2,3}$/.test(mccMnc)) return mccMnc
  throw new Error('the answer is no MCC-MNC')
}

function splitMccMnc(text: string): string[] {
  const digits = text.replace(/[^0-9]/g, '')
  return [digits.slice(0, 3), digits.slice(3)]
}

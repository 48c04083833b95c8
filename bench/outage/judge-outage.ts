import { type LatencyMs, latencyHistogram, percentilesMs, recordMs } from '../measure/latency.ts'

export const OPERATORS = ['a', 'b', 'c'] as const
export type Operator = (typeof OPERATORS)[number]

/** Where messages may go: `failover` by a or else by b, `waiting` by a alone, the others by their own. */
export type Share = 'failover' | 'waiting' | 'b' | 'c'

/** What an SMSC noted of a submit. Times in milliseconds since the epoch. */
export interface Submit {
  readonly smsId: number
  readonly phone: string
  readonly share: Share
  readonly operator: Operator
  readonly acceptedMs: number
  readonly arrivedMs: number
  readonly isTaken: boolean
}

/**
 * Times in milliseconds since the epoch: from when it is measured, when a was killed and came back, and the last post.
 */
export interface Moments {
  readonly beginMs: number
  readonly killedMs: number
  readonly revivedMs: number
  readonly endMs: number
}

/** From accepting a message to its first arrival, by when it was accepted. */
export interface Latencies {
  readonly before: LatencyMs
  readonly during: LatencyMs
  readonly after: LatencyMs
}

export interface OutageVerdict {
  readonly others: Latencies
  /** p99 of the others while a was down, and afterwards, to that before. */
  readonly ratioDuring: number
  readonly ratioAfter: number
  /** By b, of what was accepted while a was down. */
  readonly failover: LatencyMs & { readonly messages: number; readonly firstAfterMs: number | null }
  /** Accepted while a was down, and how long the last of them took from when it was back; null: there are none. */
  readonly waiting: { readonly messages: number; readonly drainMs: number | null }
  /** Messages that more than one submit was taken for. */
  readonly takenTwice: number
  /** Submits to an operator that the routes do not name. */
  readonly astray: number
  /** Messages that were submitted before one to the same phone that was accepted earlier. */
  readonly overtaken: number
}

/** The most in each stretch, and at last. */
export interface Memory {
  readonly beforeMiB: number
  readonly duringMiB: number
  readonly afterMiB: number
  readonly endMiB: number
}

const MAY_CARRY: Readonly<Record<Share, readonly Operator[]>> = {
  failover: ['a', 'b'],
  waiting: ['a'],
  b: ['b'],
  c: ['c'],
}

/** Judges an outage by the ledgers of the operators, each in its order. */
export function judgeOutage(submits: readonly Submit[], moments: Moments): OutageVerdict {
  const { beginMs, killedMs, revivedMs, endMs } = moments
  const firsts = firstArrivals(submits)
  const within = (fromMs: number, untilMs: number) => {
    return ({ acceptedMs }: Submit): boolean => acceptedMs >= fromMs && acceptedMs < untilMs
  }
  const ofOthers = firsts.filter(({ share }) => share === 'b' || share === 'c')
  const others = {
    before: latencyOf(ofOthers.filter(within(beginMs, killedMs))),
    during: latencyOf(ofOthers.filter(within(killedMs, revivedMs))),
    after: latencyOf(ofOthers.filter(within(revivedMs, endMs))),
  }
  const inOutage = firsts.filter(within(killedMs, revivedMs))
  const failedOver = inOutage.filter(({ share, operator }) => share === 'failover' && operator === 'b')
  const byB = firsts.filter(({ share, operator }) => share === 'failover' && operator === 'b')
  const waited = inOutage.filter(({ share }) => share === 'waiting')
  return {
    others,
    ratioDuring: others.during.p99 / others.before.p99,
    ratioAfter: others.after.p99 / others.before.p99,
    failover: {
      ...latencyOf(failedOver),
      messages: failedOver.length,
      firstAfterMs: byB.length > 0 ? byB[0]!.arrivedMs - killedMs : null,
    },
    waiting: {
      messages: waited.length,
      drainMs: waited.length > 0 ? waited.at(-1)!.arrivedMs - revivedMs : null,
    },
    takenTwice: countTakenTwice(submits),
    astray: submits.filter(({ share, operator }) => !MAY_CARRY[share].includes(operator)).length,
    overtaken: countOvertaken(firsts),
  }
}

/** The most at any moment of each stretch, in what was looked at; 0 for a stretch without any. */
export function judgeMemory(samples: readonly (readonly [atMs: number, mib: number])[], moments: Moments): Memory {
  const most = (fromMs: number, untilMs: number): number =>
    Math.max(0, ...samples.filter(([atMs]) => atMs >= fromMs && atMs < untilMs).map(([, mib]) => mib))
  const { beginMs, killedMs, revivedMs } = moments
  return {
    beforeMiB: most(beginMs, killedMs),
    duringMiB: most(killedMs, revivedMs),
    afterMiB: most(revivedMs, Number.POSITIVE_INFINITY),
    endMiB: samples.at(-1)?.[1] ?? 0,
  }
}

/** Arrivals a second from a moment on, in no more than so many steps of whole seconds. */
export function arrivalsPerSecond(
  arrivalsMs: readonly number[],
  fromMs: number,
  seconds: number,
  stepsMax: number,
): [second: number, perSecond: number][] {
  const stepSeconds = Math.ceil(seconds / stepsMax)
  const counts = new Array<number>(Math.floor(seconds / stepSeconds)).fill(0)
  for (const ms of arrivalsMs) {
    const step = Math.floor((ms - fromMs) / (1_000 * stepSeconds))
    if (step >= 0 && step < counts.length) counts[step]!++
  }
  return counts.map((count, step) => [step * stepSeconds, count / stepSeconds])
}

/** Of each message the submit that arrived first, in the order of arrival. */
function firstArrivals(submits: readonly Submit[]): Submit[] {
  const firsts = new Map<number, Submit>()
  for (const submit of submits.toSorted((one, other) => one.arrivedMs - other.arrivedMs)) {
    if (!firsts.has(submit.smsId)) firsts.set(submit.smsId, submit)
  }
  return [...firsts.values()]
}

function latencyOf(submits: readonly Submit[]): LatencyMs {
  const histogram = latencyHistogram()
  for (const { acceptedMs, arrivedMs } of submits) recordMs(histogram, arrivedMs - acceptedMs)
  return percentilesMs(histogram)
}

function countTakenTwice(submits: readonly Submit[]): number {
  const [once, twice] = [new Set<number>(), new Set<number>()]
  for (const { smsId, isTaken } of submits) {
    if (!isTaken) continue
    if (once.has(smsId)) twice.add(smsId)
    once.add(smsId)
  }
  return twice.size
}

function countOvertaken(firsts: readonly Submit[]): number {
  const lastOf = new Map<string, number>()
  let overtaken = 0
  for (const { phone, smsId } of firsts) {
    const last = lastOf.get(phone) ?? 0
    if (smsId < last) overtaken++
    lastOf.set(phone, Math.max(last, smsId))
  }
  return overtaken
}

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packageFile } from '../../runtime/package-files.ts'
import { ASSUMED_RATES, type PlanRates, type Rate, type RateName } from './plan-rates.ts'

/** A benchmark's result as it lies in its file; of unknown form below the first level, as benchmarks change. */
interface BenchResult {
  readonly name: string
  readonly document: unknown
}

/** Where a checkout has the results of its benchmarks; a package has none. */
export const BENCH_RESULTS = packageFile('bench/results')

/**
 * The assumed rates, replaced by measured ones where the folder has a result that says them. A folder that is not
 * there, and files that cannot be read or say something else, are passed over: then the assumed rate stays.
 */
export function readMeasuredRates(folder: string): PlanRates {
  return { ...ASSUMED_RATES, ...measuredRates(readResults(folder)) }
}

function readResults(folder: string): BenchResult[] {
  return listJson(folder).flatMap((file) => {
    try {
      return [{ name: basename(file, '.json'), document: JSON.parse(readFileSync(join(folder, file), 'utf8')) }]
    } catch {
      return []
    }
  })
}

function listJson(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.json'))
  } catch {
    return []
  }
}

/** The rates that results say. */
export function measuredRates(results: readonly BenchResult[]): Partial<Record<RateName, Rate>> {
  const named = (name: string): BenchResult | undefined => results.find((result) => result.name === name)
  return {
    ...perPartition('producePartition', named('producer')),
    ...perPartition('consumePartition', named('consumer')),
    ...perProcessorSecond(results),
    ...perSecond('api', named('accept'), 'result', 'highestHeldPerSecond'),
    ...drained('relay', named('backlog'), 'outbox'),
    ...drained('worker', named('backlog'), 'tasks'),
  }
}

/** A client's records a second, shared by the partitions that it had: each takes at least that. */
function perPartition(name: RateName, result: BenchResult | undefined): Partial<Record<RateName, Rate>> {
  const partitions = numberAt(result?.document, 'options', 'partitions')
  const all = figureAt(result?.document, 'result', 'oursPerSecond') ?? pointsMedian(result?.document)
  if (!result || partitions === null || all === null) return {}
  return { [name]: measured(all / partitions, result, `a client, ÷ ${partitions}`) }
}

function pointsMedian(document: unknown): number | null {
  const points = at(document, 'result', 'points')
  return Array.isArray(points) ? figureAt(points[0], 'oursPerSecond') : null
}

/** What a core does in a second, from the processor time of a message; of the fastest load that was held. */
function perProcessorSecond(results: readonly BenchResult[]): Partial<Record<RateName, Rate>> {
  const [fastest] = heldPoints(results).sort((a, b) => b.offeredPerSecond - a.offeredPerSecond)
  const rates: Partial<Record<RateName, Rate>> = {}
  const take = (part: string, names: readonly RateName[], note: string): void => {
    const cpuMs = numberAt(fastest?.point, 'cpuMsPerMessage', part)
    for (const name of names) {
      if (fastest && cpuMs !== null) rates[name] = measured(1_000 / cpuMs, fastest.result, note)
    }
  }
  take('front', ['api', 'relay', 'worker'], 'a core, with API, relay, worker')
  take('back', ['status', 'audit'], 'a core, with status, webhooks, audit')
  take('clickhouse', ['clickhouseConsumer'], 'a core')
  return rates
}

function heldPoints(results: readonly BenchResult[]) {
  return results
    .filter(({ name }) => name.startsWith('pipeline-'))
    .flatMap((result) => {
      const points = at(result.document, 'result', 'points')
      return (Array.isArray(points) ? points : [])
        .filter((point) => at(point, 'held') === true)
        .map((point) => ({ result, point, offeredPerSecond: numberAt(point, 'offeredPerSecond') ?? 0 }))
    })
}

function perSecond(
  name: RateName,
  result: BenchResult | undefined,
  ...path: string[]
): Partial<Record<RateName, Rate>> {
  const value = figureAt(result?.document, ...path)
  return result && value !== null ? { [name]: measured(value, result, 'a process') } : {}
}

/** What one process made of a backlog, of runs that came to its end. */
function drained(name: RateName, result: BenchResult | undefined, part: string): Partial<Record<RateName, Rate>> {
  const parts = at(result?.document, 'result', 'parts')
  const index = Array.isArray(parts)
    ? parts.findIndex((each) => at(each, 'name') === part && at(each, 'finished') === true)
    : -1
  return index < 0 ? {} : perSecond(name, result, 'result', 'parts', String(index), 'perSecond')
}

function measured(perSecond: number, { name, document }: BenchResult, note: string): Rate {
  const when = at(document, 'at')
  const cpu = at(document, 'machine', 'cpu')
  const cores = numberAt(document, 'machine', 'cores')
  const machine = typeof cpu === 'string' ? `, ${cores ?? '?'} × ${cpu}` : ''
  const day = typeof when === 'string' ? when.slice(0, 10) : 'undated'
  return { perSecond: Math.round(perSecond), source: 'measured', basis: `bench ${name}, ${day}${machine}: ${note}` }
}

/** A figure that is a number, or a spread of several rounds with its median. */
function figureAt(document: unknown, ...path: string[]): number | null {
  return numberAt(document, ...path) ?? numberAt(document, ...path, 'median')
}

/** Null for what is not a number of 1/s or ms that a rate could be of. */
function numberAt(document: unknown, ...path: string[]): number | null {
  const value = at(document, ...path)
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null
}

function at(document: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    document,
  )
}

import { type ProcessUsage, treeUsages } from './process-usage.ts'

const SAMPLE_MS = 1_000

/** What a part of the gateway is called, and its process, which may be another after a restart. */
export type Parts = () => ReadonlyMap<string, number>

export interface PartUsage {
  readonly cpuMs: number
  readonly peakMiB: number
}

export interface UsageSample {
  readonly atMs: number
  readonly memoryMiB: Readonly<Record<string, number>>
}

/** Watches what each part takes of the machine: CPU time since `start`, and memory, which is looked at every second. */
export class UsageWatch {
  readonly samples: UsageSample[] = []
  readonly #parts: Parts
  readonly #peakBytes = new Map<string, number>()
  #before = new Map<string, ProcessUsage>()
  #timer: NodeJS.Timeout | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  start(): void {
    this.#before = this.#read()
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
    this.#sample()
  }

  /** Stops watching and returns what each part took. */
  stop(): Record<string, PartUsage> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#sample()
    const entries = [...this.#read()].map(([part, { cpuMs }]) => {
      const peakMiB = Math.round((this.#peakBytes.get(part) ?? 0) / 2 ** 20)
      return [part, { cpuMs: Math.max(0, cpuMs - (this.#before.get(part)?.cpuMs ?? 0)), peakMiB }] as const
    })
    return Object.fromEntries(entries)
  }

  #sample(): void {
    const memoryMiB: Record<string, number> = {}
    for (const [part, { memoryBytes }] of this.#read()) {
      this.#peakBytes.set(part, Math.max(memoryBytes, this.#peakBytes.get(part) ?? 0))
      memoryMiB[part] = Math.round(memoryBytes / 2 ** 20)
    }
    this.samples.push({ atMs: Date.now(), memoryMiB })
  }

  #read(): Map<string, ProcessUsage> {
    return treeUsages(this.#parts())
  }
}

/** CPU milliseconds a message, by part and in sum. */
export function cpuMsPerMessage(usage: Readonly<Record<string, PartUsage>>, messages: number): Record<string, number> {
  const each = Object.entries(usage).map(([part, { cpuMs }]) => [part, cpuMs / messages] as const)
  return { ...Object.fromEntries(each), all: each.reduce((sum, [, cpuMs]) => sum + cpuMs, 0) }
}

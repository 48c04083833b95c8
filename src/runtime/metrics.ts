import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds, from a millisecond to half a minute: what a message's steps take. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** A process's metrics, in Prometheus' form. Names carry the base unit; labels never hold ids or phone numbers. */
export class Metrics {
  readonly registry = new Registry()

  constructor(labels: Record<string, string> = {}) {
    this.registry.setDefaultLabels(labels)
    collectDefaultMetrics({ register: this.registry })
  }

  /** The counter of that name; roles that share a process share it. */
  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    const known = this.registry.getSingleMetric(name)
    if (known) return known as Counter<L>
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  /** The histogram of that name; see `counter`. */
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Histogram<L> {
    const known = this.registry.getSingleMetric(name)
    if (known) return known as Histogram<L>
    return new Histogram({ name, help, labelNames, buckets: DURATION_BUCKETS, registers: [this.registry] })
  }

  /** A gauge with labels, set by the code that measures. */
  gaugeSet<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    const known = this.registry.getSingleMetric(name)
    if (known) return known as Gauge<L>
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  /** A gauge whose value is computed at scrape time; it replaces an earlier one of that name. */
  gauge(name: string, help: string, read: () => number): void {
    this.registry.removeSingleMetric(name)
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read())
      },
    })
  }

  /** As `gauge`, with a value for each of the names that exist at scrape time. */
  gaugeBy(name: string, help: string, label: string, read: () => readonly (readonly [string, number])[]): void {
    this.registry.removeSingleMetric(name)
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const [of, value] of read()) this.set({ [label]: of }, value)
      },
    })
  }
}

/**
 * What is known of a number's network. Without `mccMnc` it could not be learned, and the number goes by its prefix.
 * `known` is for the timeline: `by the table of ported numbers`.
 */
export interface PortedNetwork {
  readonly mccMnc: string | null
  readonly known: string
}

/** Knows the networks of numbers that have changed theirs. */
export interface Portability {
  /** Those numbers of which something is known, or should be; what is missing goes by its prefix. Never throws. */
  networksOf(phones: readonly string[]): Promise<ReadonlyMap<string, PortedNetwork>>
  stop(): Promise<void>
}

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 }
/** As Maven says it in batch mode: `Downloaded from central: https://…/kafka_2.13-4.3.1.jar (5.2 MB at 1.1 MB/s)`. */
const DOWNLOADED = /^(?:\[INFO\] )?Downloaded .*\.jar \(([0-9.]+) ([kKMG]?B) at /

/** Counts the jars that Maven says it has downloaded, and their size. */
export class DownloadCount {
  #files = 0
  #bytes = 0

  /** Reads a line of Maven's. Returns whether it is a further jar. */
  add(line: string): boolean {
    const [, amount, unit] = DOWNLOADED.exec(line) ?? []
    if (amount === undefined) return false
    this.#files++
    this.#bytes += Number(amount) * UNITS[unit!]!
    return true
  }

  /** As in `34 of 92 files, 61 MB`. `expected` is a guess: it grows with what there is. */
  describe(expected: number): string {
    return `${this.#files} of ${Math.max(expected, this.#files)} files, ${Math.round(this.#bytes / 1e6)} MB`
  }
}

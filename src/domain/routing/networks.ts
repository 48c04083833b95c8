/**
 * Mobile networks by their numbers: MCC-MNC, as in 432-11, with the prefixes that they were given, without the plus.
 */
export type NetworkPrefixes = Readonly<Record<string, readonly string[]>>

/** A number's network, and how it is known: the words that follow `432-11` in a timeline. */
export interface NumberNetwork {
  readonly mccMnc: string
  readonly known: string
}

/**
 * The networks of Iran, by the numbers that each was given first; a ported number has another network than its prefix
 * says. MCI 910–919 and 990–996, Irancell 900–905, 930, 933, 935–939 and 941, Rightel 920–922 (persian_util's isMci,
 * isMtn and isRightel; libphonenumber's carriers of 98). Networks of other countries are listed in the operators' file.
 */
export const IRAN_NETWORKS: NetworkPrefixes = {
  '432-11': ['9891', '98990', '98991', '98992', '98993', '98994', '98995', '98996'],
  '432-20': ['98920', '98921', '98922'],
  '432-35': [
    ...['98900', '98901', '98902', '98903', '98904', '98905', '98930', '98933'],
    ...['98935', '98936', '98937', '98938', '98939', '98941'],
  ],
}

/** Finds networks by prefix. */
export class NetworkTable {
  readonly #byPrefix = new Map<string, NumberNetwork>()
  readonly #lengths: readonly number[]

  constructor(networks: NetworkPrefixes) {
    for (const [mccMnc, prefixes] of Object.entries(networks)) {
      for (const prefix of prefixes) this.#byPrefix.set(prefix, { mccMnc, known: `by prefix ${prefix}` })
    }
    this.#lengths = [...new Set([...this.#byPrefix.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a)
  }

  /** The network with the longest prefix that fits a number in E.164; null if none does. */
  networkOf(phone: string): NumberNetwork | null {
    for (const length of this.#lengths) {
      const network = this.#byPrefix.get(phone.slice(1, 1 + length))
      if (network) return network
    }
    return null
  }
}

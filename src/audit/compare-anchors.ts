import type { PlaceAnchor } from './anchor.ts'
import type { ChainPlace } from './chain.ts'
import type { ChainAnchors } from './judge-anchors.ts'

/** Which files of a chain are verified. */
export type VerifiedFiles = 'log' | 'log-and-archive' | 'archive'

/** The anchors of a chain, against the chain that is followed. */
interface AnchorComparison {
  readonly notices: readonly string[]
  /** The last anchor that counts; null if there is none. */
  readonly last: PlaceAnchor | null
  /** Whether a signed anchor says that all lines before this one were removed. */
  allowsBeginning(firstLine: number): boolean
  /** Called with the place before the first line; what contradicts an anchor, or null. */
  begin(place: ChainPlace): string | null
  /** Called with each place in turn; what contradicts an anchor, or null. */
  passed(place: ChainPlace): string | null
  /** Called with the last place; what of the anchors is not in the chain, or null. */
  end(place: ChainPlace): string | null
}

/** Pure but for the place up to which it has compared. */
export function compareAnchors({ anchors, notices }: ChainAnchors, files: VerifiedFiles): AnchorComparison {
  const removals = anchors.filter(({ kind }) => kind === 'removed')
  const removedTo = (causes: readonly string[]): number =>
    removals.reduce((most, { cause, lines }) => (causes.includes(cause) ? Math.max(most, lines) : most), 0)
  const isArchiveAlone = files === 'archive'
  const archivedTo = removedTo(['archived'])
  // What was archived must be there when the archive is.
  const absentTo = files === 'log' ? removedTo(['archived', 'expired']) : removedTo(['expired'])
  const counted = anchors
    .filter(({ lines }) => !isArchiveAlone || lines <= archivedTo)
    .toSorted((a, b) => a.lines - b.lines || a.serial - b.serial)
  let next = 0
  const isReached = (place: ChainPlace): boolean => next < counted.length && counted[next]!.lines <= place.seq
  const contradiction = (place: ChainPlace): string | null => {
    for (; isReached(place); next++) {
      const { serial, lines, hash, at } = counted[next]!
      const named = `anchor ${serial} of ${at}`
      if (lines !== place.seq) return `does not end where ${named} does, with line ${lines}: the chain was rewritten`
      if (hash !== place.hash) return `is not what ${named} names: the chain was rewritten`
    }
    return null
  }
  return {
    notices,
    last: counted.at(-1) ?? null,
    allowsBeginning: (firstLine) => firstLine - 1 <= absentTo,
    begin(place) {
      // Anchors of lines that were removed cannot be compared any more.
      while (isReached(place) && counted[next]!.lines < place.seq) next++
      return contradiction(place)
    },
    passed: contradiction,
    end(place) {
      const missing = counted[next]
      if (!missing) return null
      const { serial, lines, at } = counted.at(-1)!
      return `is missing: the log ends with line ${place.seq}, and anchor ${serial} of ${at} names line ${lines}`
    },
  }
}

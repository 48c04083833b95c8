import type { KeyObject } from 'node:crypto'
import { type Anchor, isSignedBy, KEY_CHAIN, type PlaceAnchor, parseAnchor } from './anchor.ts'
import { decodePublicKey, keyIdOf } from './anchor-key.ts'

/** Anchors as a place that keeps them has them. */
export interface AnchorSource {
  /** As in `PostgreSQL`. */
  readonly name: string
  readonly texts: readonly string[]
  /** Whether it ought to have all anchors; an archive has those of its days. */
  readonly isWhole: boolean
}

/** The anchors of one chain that a trusted key signed, in the order of their serials, and what is wrong with them. */
export interface ChainAnchors {
  readonly anchors: readonly PlaceAnchor[]
  readonly faults: readonly string[]
  /** What does not speak against the log, as an anchor that one source lacks. */
  readonly notices: readonly string[]
}

export const NO_ANCHORS: ChainAnchors = { anchors: [], faults: [], notices: [] }

interface KnownAnchor {
  readonly anchor: Anchor
  readonly text: string
  readonly sources: Set<string>
}

/**
 * Anchors of all sources by their chains. Trusted are the given keys, and each that a trusted key named as the next.
 * Pure; the sources may hold anything.
 */
export function judgeAnchors(
  sources: readonly AnchorSource[],
  publicKeys: readonly KeyObject[],
): Map<string, ChainAnchors> {
  const known = new Map<string, KnownAnchor>()
  const faults = new Map<string, string[]>()
  const names = sources.filter(({ isWhole }) => isWhole).map(({ name }) => name)
  for (const { name, texts } of sources) {
    for (const text of texts) {
      const anchor = parseAnchor(text)
      if (!anchor) append(faults, KEY_CHAIN, `${name} has an anchor that cannot be read`)
      else if (known.has(text)) known.get(text)!.sources.add(name)
      else known.set(text, { anchor, text, sources: new Set([name]) })
    }
  }
  const keys = trustedKeys([...known.values()], publicKeys)
  const byChain = new Map<string, KnownAnchor[]>()
  for (const each of known.values()) {
    const { chain, serial, key: keyId } = each.anchor
    const key = keys.get(keyId)
    const from = [...each.sources].join(' and ')
    // Other machines have keys of their own, and replace them: that is no matter of these logs.
    if (!key && chain === KEY_CHAIN) continue
    if (!key) append(faults, chain, `anchor ${serial} (${from}) is signed by key ${keyId}, which is not trusted here`)
    else if (!isSignedBy(each.text, key)) append(faults, chain, `anchor ${serial} (${from}) was altered`)
    else append(byChain, chain, each)
  }
  const chains = new Set([...byChain.keys(), ...faults.keys()])
  return new Map([...chains].map((chain) => [chain, judgeChain(byChain.get(chain) ?? [], faults.get(chain), names)]))
}

function trustedKeys(known: readonly KnownAnchor[], publicKeys: readonly KeyObject[]): Map<string, KeyObject> {
  const keys = new Map(publicKeys.map((key) => [keyIdOf(key), key]))
  const handovers = known.filter(({ anchor }) => anchor.kind === 'key')
  for (let before = -1; before < keys.size; ) {
    before = keys.size
    for (const { anchor, text } of handovers) {
      const signer = keys.get(anchor.key)
      if (anchor.kind !== 'key' || !signer || !isSignedBy(text, signer)) continue
      const next = decodeOrNull(anchor.next)
      if (next) keys.set(keyIdOf(next), next)
    }
  }
  return keys
}

function judgeChain(known: readonly KnownAnchor[], faults: readonly string[] = [], names: readonly string[]) {
  const found = [...faults]
  const notices: string[] = []
  const bySerial = Map.groupBy(known, ({ anchor }) => anchor.serial)
  const serials = [...bySerial.keys()].sort((a, b) => a - b)
  // Anchors of heads are dropped by their age; those of removals and keys stay longer.
  const oldest = serials.find((serial) => bySerial.get(serial)!.some(({ anchor }) => anchor.kind === 'head'))
  for (const [index, serial] of serials.entries()) {
    const same = bySerial.get(serial)!
    if (same.length > 1) found.push(`there are ${same.length} different anchors with number ${serial}`)
    const before = serials[index - 1] ?? serial - 1
    const isGap = before !== serial - 1 && serial > (oldest ?? serial) && names.length > 0
    if (isGap) found.push(`the anchors ${before + 1} to ${serial - 1} are missing`)
  }
  for (const name of names) {
    const lacking = known.filter(({ sources }) => !sources.has(name)).length
    if (lacking > 0) notices.push(`${lacking} of ${known.length} anchors are not in ${name}`)
  }
  const anchors = serials.map((serial) => bySerial.get(serial)![0]!.anchor).filter((anchor) => anchor.kind !== 'key')
  return { anchors, faults: found, notices }
}

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name)
  if (list) list.push(item)
  else lists.set(name, [item])
}

function decodeOrNull(text: string): KeyObject | null {
  try {
    return decodePublicKey(text)
  } catch {
    return null
  }
}

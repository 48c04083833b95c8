import { ExpectedError } from '../src/runtime/expected-error.ts'

export const STEPS = ['patch', 'minor', 'major'] as const
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/

/**
 * The version that follows: by a step (`minor` makes 1.3.0 of 1.2.5), or as named. A named version is not below the current
 * one; it is the current one for a version that is not released yet. Throws ExpectedError.
 */
export function nextVersion(current: string, wanted: string): string {
  const [major, minor, patch] = parse(current)
  if (wanted === 'major') return `${major + 1}.0.0`
  if (wanted === 'minor') return `${major}.${minor + 1}.0`
  if (wanted === 'patch') return `${major}.${minor}.${patch + 1}`
  if (isBelow(parse(wanted), [major, minor, patch])) throw new ExpectedError(`${wanted} is below ${current}.`)
  return wanted
}

type Parts = readonly [major: number, minor: number, patch: number]

function parse(version: string): Parts {
  const parts = VERSION.exec(version)
  if (!parts) throw new ExpectedError(`"${version}" is neither ${STEPS.join(', ')} nor a version, as 1.2.0 is.`)
  return [Number(parts[1]), Number(parts[2]), Number(parts[3])]
}

function isBelow(parts: Parts, others: Parts): boolean {
  const index = parts.findIndex((part, at) => part !== others[at])
  return index >= 0 && parts[index]! < others[index]!
}

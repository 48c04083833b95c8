import { ExpectedError } from '../src/runtime/expected-error.ts'

const HEADING = '\n## Unreleased\n'
/** A change is a line of a list. */
const LISTED = /^- /m

/** A changelog whose section of unreleased changes became the section of a version, and that section. */
export interface ClosedChangelog {
  readonly changelog: string
  readonly section: string
}

/**
 * Puts the changes below `## Unreleased` under a heading with the version and its day, and leaves an empty section for the
 * next ones. Headings without changes are left out. Throws ExpectedError when no change is listed.
 */
export function closeUnreleased(changelog: string, version: string, day: string): ClosedChangelog {
  const start = changelog.indexOf(HEADING)
  if (start < 0) throw new ExpectedError('CHANGELOG.md has no section "## Unreleased".')
  const begin = start + HEADING.length
  const next = changelog.indexOf('\n## ', begin)
  const end = next < 0 ? changelog.length : next + 1
  const changes = withoutEmptyHeadings(changelog.slice(begin, end)).trim()
  if (!LISTED.test(changes)) throw new ExpectedError('CHANGELOG.md lists no change below "## Unreleased".')
  const section = `## ${version} (${day})\n\n${changes}\n`
  const rest = changelog.slice(end)
  return { section, changelog: `${changelog.slice(0, begin)}\n${section}${rest === '' ? '' : `\n${rest}`}` }
}

function withoutEmptyHeadings(changes: string): string {
  const parts = changes.split(/^(?=### )/m)
  return parts.filter((part) => !part.startsWith('###') || LISTED.test(part)).join('')
}

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ExpectedError } from '../src/runtime/expected-error.ts'
import { closeUnreleased } from './close-unreleased.ts'
import { nextVersion } from './next-version.ts'
import { VERSIONED_FILES, versionsIn, withVersion } from './versioned-files.ts'

const CHANGELOG = 'CHANGELOG.md'

export interface ReleaseOptions {
  /** The checkout. */
  readonly folder: string
  /** A step or a version, as `nextVersion` takes it. */
  readonly wanted: string
  readonly now: Date
  /** Whether everything is checked and nothing written. */
  readonly isDryRun: boolean
}

export interface Release {
  readonly version: string
  readonly tag: string
  /** Of the changelog, with its heading. */
  readonly section: string
  readonly files: readonly string[]
}

/**
 * Makes a release of the checkout: writes the version wherever it is named and its section of the changelog, commits both and
 * tags the commit. Pushes and publishes nothing. Throws ExpectedError, before anything is written, for a checkout with changes
 * that are not committed, a changelog without changes, or a version that has a tag.
 */
export function makeRelease({ folder, wanted, now, isDryRun }: ReleaseOptions): Release {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim()
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  const changed = git('status', '--porcelain')
  if (changed !== '') throw new ExpectedError(`Commit these changes, or undo them:\n${changed}`)
  const version = nextVersion(versionsIn('package.json', read('package.json'))[0]!, wanted)
  const tag = `v${version}`
  if (git('tag', '--list', tag) !== '') throw new ExpectedError(`The tag ${tag} exists: ${version} is released.`)
  const { changelog, section } = closeUnreleased(read(CHANGELOG), version, now.toISOString().slice(0, 10))
  const contents = new Map(VERSIONED_FILES.map((file) => [file, withVersion(file, read(file), version)]))
  contents.set(CHANGELOG, changelog)
  const release = { version, tag, section, files: [...contents.keys()] }
  if (isDryRun) return release
  for (const [file, content] of contents) writeFileSync(join(folder, file), content)
  git('commit', '--quiet', `--message=release: ${version}`, '--', ...release.files)
  git('tag', '--annotate', `--message=${section}`, '--cleanup=verbatim', tag)
  return release
}

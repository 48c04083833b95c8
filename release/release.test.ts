import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../src/embedded/temporary-folder.ts'
import { ExpectedError } from '../src/runtime/expected-error.ts'
import { closeUnreleased } from './close-unreleased.ts'
import { makeRelease, type Release } from './make-release.ts'
import { nextVersion } from './next-version.ts'
import { VERSIONED_FILES, versionsIn } from './versioned-files.ts'

const ROOT = join(import.meta.dirname, '..')
const NOW = new Date('2027-01-02T23:59:00Z')
const UNRELEASED = '# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n### Changed\n\n### Fixed\n\n- A fault.\n'
const SECTION = '### Added\n\n- A thing.\n\n### Fixed\n\n- A fault.\n'

interface Checkout {
  readonly folder: string
  git(...args: string[]): string
  read(file: string): string
  release(wanted: string, isDryRun?: boolean): Release
}

/** A repository with the project's files that a release changes, all committed. */
function checkout(changelog: string): Checkout {
  const { path: folder, remove } = temporaryFolder('smsgw-release')
  onTestFinished(remove)
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim()
  for (const file of VERSIONED_FILES) cpSync(join(ROOT, file), join(folder, file))
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
  git('init', '--quiet')
  git('config', 'user.name', 'Test')
  git('config', 'user.email', 'test@example.com')
  git('config', 'commit.gpgsign', 'false')
  git('config', 'tag.gpgsign', 'false')
  git('add', '.')
  git('commit', '--quiet', '--message=first')
  return {
    folder,
    git,
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    release: (wanted, isDryRun = false) => makeRelease({ folder, wanted, now: NOW, isDryRun }),
  }
}

const CURRENT = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version as string

test.each(VERSIONED_FILES)('%s names the version of package.json', (file) => {
  const versions = versionsIn(file, readFileSync(join(ROOT, file), 'utf8'))
  expect(versions.length).toBeGreaterThan(0)
  expect(new Set(versions)).toEqual(new Set([CURRENT]))
})

test('a release is one commit with a tag, the version everywhere, and its section of the changelog', () => {
  const { git, read, release } = checkout(UNRELEASED)
  const next = nextVersion(CURRENT, 'minor')
  expect(release('minor')).toMatchObject({ version: next, tag: `v${next}` })
  for (const file of VERSIONED_FILES) expect(new Set(versionsIn(file, read(file)))).toEqual(new Set([next]))
  expect(read('CHANGELOG.md')).toBe(`# Changelog\n\n## Unreleased\n\n## ${next} (2027-01-02)\n\n${SECTION}`)
  expect(git('status', '--porcelain')).toBe('')
  expect(git('log', '--format=%s')).toBe(`release: ${next}\nfirst`)
  expect(git('rev-list', '--max-count=1', `v${next}`)).toBe(git('rev-parse', 'HEAD'))
  expect(git('tag', '--list', '--format=%(contents)', `v${next}`)).toContain('### Fixed\n\n- A fault.')
})

test('a dry run shows the release and changes nothing', () => {
  const { git, read, release } = checkout(UNRELEASED)
  const before = git('rev-parse', 'HEAD')
  const { section, files } = release('major', true)
  expect(section).toBe(`## ${nextVersion(CURRENT, 'major')} (2027-01-02)\n\n${SECTION}`)
  expect(files).toEqual([...VERSIONED_FILES, 'CHANGELOG.md'])
  expect([git('status', '--porcelain'), git('tag'), git('rev-parse', 'HEAD')]).toEqual(['', '', before])
  expect(read('CHANGELOG.md')).toBe(UNRELEASED)
})

test('a second release has its own changes alone, and none without any', () => {
  const { folder, git, read, release } = checkout(UNRELEASED)
  const first = release(CURRENT).version
  expect(first).toBe(CURRENT)
  expect(() => release('patch')).toThrow(/lists no change/)
  const changelog = read('CHANGELOG.md').replace('## Unreleased\n', '## Unreleased\n\n### Added\n\n- Another.\n')
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog)
  expect(() => release('patch')).toThrow(/Commit these changes.*\n.*CHANGELOG\.md/)
  git('commit', '--quiet', '--all', '--message=second')
  expect(() => release(CURRENT)).toThrow(`The tag v${CURRENT} exists`)
  const { version, section } = release('patch')
  expect(section).toBe(`## ${version} (2027-01-02)\n\n### Added\n\n- Another.\n`)
  expect(read('CHANGELOG.md')).toBe(
    `# Changelog\n\n## Unreleased\n\n${section}\n## ${CURRENT} (2027-01-02)\n\n${SECTION}`,
  )
})

test('a file that git does not know is a change that is not committed', () => {
  const { folder, release } = checkout(UNRELEASED)
  writeFileSync(join(folder, 'new.ts'), '')
  expect(() => release('minor')).toThrow(/new\.ts/)
})

test.each([
  ['no section', '# Changelog\n\n## 1.0.0 (2026-01-01)\n\n- A thing.\n'],
  ['an empty section', '# Changelog\n\n## Unreleased\n\n## 1.0.0 (2026-01-01)\n\n- A thing.\n'],
  ['headings alone', '# Changelog\n\n## Unreleased\n\n### Added\n\n### Fixed\n'],
])('a changelog with %s is refused', (_, changelog) => {
  expect(() => closeUnreleased(changelog, '1.0.0', '2026-01-01')).toThrow(ExpectedError)
})

test.each([
  ['1.2.3', 'patch', '1.2.4'],
  ['1.2.3', 'minor', '1.3.0'],
  ['1.2.3', 'major', '2.0.0'],
  ['1.2.3', '1.2.3', '1.2.3'],
  ['1.9.0', '1.10.0', '1.10.0'],
])('after %s, %s is %s', (current, wanted, next) => {
  expect(nextVersion(current, wanted)).toBe(next)
})

test.each([['1.2.2'], ['0.9.9'], ['1.1.9'], ['v1.3.0'], ['next'], ['1.3'], ['']])(
  'after 1.2.3, "%s" is refused',
  (wanted) => {
    expect(() => nextVersion('1.2.3', wanted)).toThrow(ExpectedError)
  },
)

test('the changelog of the project has a section for unreleased changes, by Added, Changed and Fixed', () => {
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')
  const [first, ...headings] = changelog.match(/^##.*/gm)!
  expect(first).toBe('## Unreleased')
  const known = /^## \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)$|^### (Added|Changed|Fixed)$/
  expect(headings.filter((each) => !known.test(each))).toEqual([])
})

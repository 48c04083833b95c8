import {
  lstatSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readStateFile, writeStateFile } from './write-state-file.ts'

const REMEDY = 'Do this.'

function folder(): string {
  const made = mkdtempDisposableSync(join(tmpdir(), 'smsgw-state-'))
  onTestFinished(() => made.remove())
  return made.path
}

test('a state file is replaced as a whole, is for this user alone, and leaves nothing beside it', () => {
  const path = join(folder(), 'state.json')
  writeStateFile(path, 'one')
  const before = statSync(path)
  writeStateFile(path, 'two')
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(statSync(path).ino).not.toBe(before.ino)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(path, '..'))).toEqual(['state.json'])
})

test('what has not changed is not written, but no longer readable by others', () => {
  const path = join(folder(), 'state.json')
  writeFileSync(path, 'same', { mode: 0o644 })
  const before = statSync(path)
  writeStateFile(path, 'same')
  expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a write that fails leaves the old content, and nothing beside it', () => {
  const path = join(folder(), 'state.json')
  writeStateFile(path, 'old')
  expect(() => writeStateFile(path, null as unknown as string)).toThrow()
  expect([readFileSync(path, 'utf8'), readdirSync(join(path, '..'))]).toEqual(['old', ['state.json']])
})

test('a link of the user’s own stays one, and a device is written to', () => {
  const at = folder()
  writeFileSync(join(at, 'real'), 'old')
  symlinkSync(join(at, 'real'), join(at, 'link'))
  writeStateFile(join(at, 'link'), 'new')
  expect([readlinkSync(join(at, 'link')), readFileSync(join(at, 'real'), 'utf8')]).toEqual([join(at, 'real'), 'new'])
  writeStateFile('/dev/null', 'gone')
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
})

test.each(['', '  \n', '{"a":', 'nul'])('a file that is empty or torn is explained, with what to do: %j', (content) => {
  const path = join(folder(), 'state.json')
  writeFileSync(path, content)
  expect(() => readStateFile(path, JSON.parse, REMEDY)).toThrow(/state\.json (is empty|cannot be used).*Do this\.$/s)
})

test('there is no state before it was written, and a folder in its place is explained', () => {
  const at = folder()
  expect(readStateFile(join(at, 'none'), JSON.parse, REMEDY)).toBeNull()
  expect(() => readStateFile(at, JSON.parse, REMEDY)).toThrow(/cannot be read.*Do this\./)
})

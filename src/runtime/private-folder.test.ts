import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempDisposableSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { privateFolder } from './private-folder.ts'

const STRANGER = 65_534
const isRoot = process.getuid?.() === 0
const modeOf = (path: string): number => statSync(path).mode & 0o777

function place(): string {
  const made = mkdtempDisposableSync(join(tmpdir(), 'smsgw-private-'))
  onTestFinished(() => made.remove())
  return made.path
}

test('a folder is made for this user alone, with those above it', () => {
  const at = place()
  privateFolder(join(at, 'a/b'))
  expect([modeOf(join(at, 'a')), modeOf(join(at, 'a/b'))]).toEqual([0o700, 0o700])
})

test('the rights of others on a folder that exists end', () => {
  const at = place()
  chmodSync(at, 0o777)
  privateFolder(at)
  expect(modeOf(at)).toBe(0o700)
})

test('a link of our own is followed, and what is no folder is refused', () => {
  const at = place()
  mkdirSync(join(at, 'real'), { mode: 0o755 })
  symlinkSync(join(at, 'real'), join(at, 'link'))
  privateFolder(join(at, 'link'))
  expect(modeOf(join(at, 'real'))).toBe(0o700)
  expect(() => privateFolder('/dev/null')).toThrow()
})

test.runIf(isRoot)('what a stranger has planted is refused and left as it is: a folder, a link to one of ours', () => {
  const at = place()
  mkdirSync(join(at, 'theirs'), { mode: 0o755 })
  chownSync(join(at, 'theirs'), STRANGER, STRANGER)
  mkdirSync(join(at, 'ours'), { mode: 0o755 })
  symlinkSync(join(at, 'ours'), join(at, 'link'))
  lchownSync(join(at, 'link'), STRANGER, STRANGER)
  for (const name of ['theirs', 'link']) {
    expect(() => privateFolder(join(at, name))).toThrow(/belongs to user 65534/)
  }
  expect([modeOf(join(at, 'theirs')), modeOf(join(at, 'ours'))]).toEqual([0o755, 0o755])
  expect(statSync(join(at, 'theirs')).uid).toBe(STRANGER)
})

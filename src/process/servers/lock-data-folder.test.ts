import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDataFolder } from './lock-data-folder.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'smsgw-lock-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('a folder is locked, and free again when released', () => {
  const path = folder()
  const unlock = lockDataFolder(path, () => {})
  expect(JSON.parse(readFileSync(join(path, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
  unlock()
  expect(existsSync(join(path, 'lock'))).toBe(false)
})

test('the lock of a gateway that runs is respected, that of one that is gone is taken over and logged', async () => {
  const path = folder()
  const gateway = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'main.ts'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => gateway.once('exit', resolve))
  writeFileSync(join(path, 'lock'), String(gateway.pid))
  expect(() => lockDataFolder(path, () => {})).toThrow(/runs on this folder already/)
  gateway.kill('SIGKILL')
  await ended
  const reported: string[] = []
  lockDataFolder(path, (what) => reported.push(what))()
  expect(reported).toEqual([expect.stringContaining(`process ${gateway.pid}`)])
})

test('another program that has the number of a dead gateway does not keep its folder locked', () => {
  const path = folder()
  writeFileSync(join(path, 'lock'), '1')
  expect(() => lockDataFolder(path, () => {})).not.toThrow()
})

test('a folder that cannot be written says so, and what to do', () => {
  const path = folder()
  writeFileSync(join(path, 'file'), '')
  expect(() => lockDataFolder(join(path, 'file', 'below'), () => {})).toThrow(/SMSGW_DATA/)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempDisposableSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { identityOf } from './process-identity.ts'
import { takeoverPath, takeProcessLock } from './process-lock.ts'

const LOCK = join(import.meta.dirname, 'process-lock.ts')
const refusal = (pid: number): string => `held by ${pid}`

function lockFile(): string {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'smsgw-lock-'))
  onTestFinished(() => folder.remove())
  return join(folder.path, 'lock')
}

function idleProcess(...args: string[]): { pid: number; kill(): Promise<void> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', ...args], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  return { pid: child.pid!, kill }
}

test('the lock of a living process is respected, and taken over when it has died', async () => {
  const path = lockFile()
  const owner = idleProcess()
  writeFileSync(path, JSON.stringify(identityOf(owner.pid)))
  expect(() => takeProcessLock(path, { refusal })).toThrow(`held by ${owner.pid}`)
  await owner.kill()
  const reported: string[] = []
  takeProcessLock(path, { refusal, notify: (what) => reported.push(what) })()
  expect(reported).toEqual([expect.stringContaining(`process ${owner.pid}`)])
  expect(existsSync(path)).toBe(false)
})

test('a process that was given the number of a dead owner does not hold its lock', () => {
  const path = lockFile()
  const { pid } = idleProcess()
  writeFileSync(path, JSON.stringify({ ...identityOf(pid)!, started: '1@an-earlier-boot' }))
  const release = takeProcessLock(path, { refusal })
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(identityOf(process.pid))
  release()
})

test.each([
  ['any living process', () => process.ppid],
  ['the first process', () => 1],
  ['this process', () => process.pid],
])('a lock of an earlier version that holds the number of %s, which is no gateway, is free', (_what, pid) => {
  const path = lockFile()
  writeFileSync(path, `${pid()}\n`)
  const release = takeProcessLock(path, { refusal })
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(identityOf(process.pid))
  release()
})

test('a lock of an earlier version is respected while that gateway runs, not when its number was used again', () => {
  const path = lockFile()
  const { pid } = idleProcess('main.ts')
  writeFileSync(path, `${pid}\n`)
  expect(() => takeProcessLock(path, { refusal })).toThrow(`held by ${pid}`)
  utimesSync(path, 0, Date.now() / 1_000 - 60)
  takeProcessLock(path, { refusal })()
})

test.each(['', '\n', '{"pid":', '{"pid":12', '\0\0\0\0', '{"pid":"1"}', 'null', '-1', '[]'])(
  'a lock that is empty, torn or senseless has no owner: %j',
  (content) => {
    const path = lockFile()
    writeFileSync(path, content)
    const reported: string[] = []
    takeProcessLock(path, { refusal, notify: (what) => reported.push(what) })()
    expect(reported).toHaveLength(1)
  },
)

test('this process takes its own lock again, and releases only what is its own', () => {
  const path = lockFile()
  const release = takeProcessLock(path, { refusal })
  takeProcessLock(path, { refusal })
  const other = JSON.stringify(identityOf(process.ppid))
  writeFileSync(path, other)
  release()
  expect(existsSync(path)).toBe(true)
})

const DEAD = JSON.stringify({ pid: 4_000_000, started: 'long ago' })

test('of three processes one may be between reading a dead lock and replacing it: the others leave the lock alone', async () => {
  const path = lockFile()
  writeFileSync(path, DEAD)
  const second = idleProcess()
  writeFileSync(takeoverPath(path, DEAD), JSON.stringify(identityOf(second.pid)))
  expect(() => takeProcessLock(path, { refusal })).toThrow('changes hands')
  expect(readFileSync(path, 'utf8')).toBe(DEAD)
  await second.kill()
  const release = takeProcessLock(path, { refusal })
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(identityOf(process.pid))
  release()
  expect(readdirSync(join(path, '..'))).toEqual([])
})

test('of many processes that find a dead lock at once, one gets it', async () => {
  const path = lockFile()
  writeFileSync(path, DEAD)
  const script = `
    const { takeProcessLock } = await import(process.argv[1])
    try { takeProcessLock(process.argv[2], { refusal: () => 'held' }); console.log('got') } catch { console.log('held') }
    process.stdin.resume().on('end', () => process.exit())`
  const results = Array.from({ length: 8 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, LOCK, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.stdin.end())
    return once(child.stdout, 'data').then(([chunk]) => String(chunk).trim())
  })
  expect((await Promise.all(results)).sort()).toEqual(['got', ...Array(7).fill('held')])
  expect(readdirSync(join(path, '..'))).toEqual(['lock'])
})

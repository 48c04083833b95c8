import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { eventually } from '../gateway/eventually.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Up {
  readonly child: ChildProcess
  readonly folder: string
  readonly exited: Promise<number | null>
  /** Resolves when it has said that. */
  said(what: string): Promise<void>
}

function startUp(): Up {
  const { path: folder, remove } = temporaryFolder('smsgw-stop')
  symlinkSync(join(ROOT, '.smsgw/cache'), join(folder, 'cache'))
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'up', '--json'], {
    cwd: ROOT,
    env: { ...process.env, SMSGW_DATA: folder, PORT: '0', ADMIN_PORT: '0', UP_PROBE_MS: '500' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await eventually(
      'no process is left',
      () => processesOn(folder),
      (left) => left.length === 0,
    )
    await remove()
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  }
  const said = async (what: string): Promise<void> => {
    await eventually(
      `up says ${what}`,
      () => text,
      (soFar) => soFar.includes(what) || child.exitCode !== null,
      180_000,
    )
    expect(text).toContain(what)
  }
  return { child, folder, said, exited: once(child, 'exit').then(([code]) => code as number | null) }
}

/** Command lines of processes that name the folder: servers, their guards, and our own by their settings. */
function processesOn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return command !== '' && `${command} ${environment}`.includes(folder) ? [`${pid} ${command}`] : []
      } catch {
        return []
      }
    })
}

async function expectNothingLeft({ folder }: Up): Promise<void> {
  const left = await eventually(
    'no process is left',
    () => processesOn(folder),
    (commands) => commands.length === 0,
  )
  expect(left).toEqual([])
  expect(existsSync(join(folder, 'lock'))).toBe(false)
  expect(existsSync(join(folder, 'servers.json'))).toBe(false)
}

test.each([['creating the database'], ['gateway    starting']])('Ctrl-C when the start says "%s"', async (when) => {
  const up = startUp()
  await up.said(when)
  up.child.kill('SIGINT')
  expect(await up.exited).toBe(0)
  await expectNothingLeft(up)
})

test('Ctrl-C while a server is being restarted', async () => {
  const up = startUp()
  await up.said('"ready":true')
  const broker = processesOn(up.folder).find(
    (command) => command.includes('kafka.Kafka') && !command.includes('smsgw-guard'),
  )!
  process.kill(Number(broker.split(' ')[0]), 'SIGKILL')
  await up.said('Kafka ended (signal SIGKILL)')
  up.child.kill('SIGINT')
  expect(await up.exited).toBe(0)
  await expectNothingLeft(up)
})

test('a second Ctrl-C ends at once', async () => {
  const up = startUp()
  await up.said('gateway    starting')
  up.child.kill('SIGINT')
  up.child.kill('SIGINT')
  expect([0, 130]).toContain(await up.exited)
  await expectNothingLeft(up)
})

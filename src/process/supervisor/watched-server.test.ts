import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../../test/gateway/eventually.ts'
import type { RestartableServer } from '../../embedded/restartable-server.ts'
import { WatchedServer } from './watched-server.ts'

const LIMITS = { probeMs: 10, silentMsMax: 30, restartsMax: 3, windowMs: 60_000 }

/** A server that dies, hangs and starts as a test wants. */
class FakeServer implements RestartableServer {
  readonly name = 'Server'
  readonly whileDown = 'nothing happens'
  readonly folder = '/'
  readonly logFile = '/nowhere'
  pid = 1
  starts = 0
  isHanging = false
  startsFail = false
  #end = Promise.withResolvers<string>()

  get exited(): Promise<string> {
    return this.#end.promise
  }

  die(how: string): void {
    this.#end.resolve(how)
  }

  async probe(): Promise<void> {
    if (this.isHanging) throw new Error('no answer')
  }

  kill(): void {
    this.die('signal SIGKILL')
  }

  async restart(): Promise<void> {
    this.starts++
    if (this.startsFail) throw new Error('Server ended while it was starting')
    this.isHanging = false
    this.pid++
    this.#end = Promise.withResolvers<string>()
  }

  async stop(): Promise<void> {
    this.die('code 0')
  }
}

let watched: WatchedServer
const said: string[] = []
afterEach(async () => {
  await watched.stop()
  said.length = 0
})

function watch(server: FakeServer): void {
  watched = new WatchedServer(server, LIMITS, (what) => said.push(what))
  watched.start()
}

const until = (happened: () => boolean): Promise<boolean> => eventually('it happens', happened, (is) => is)

test('a server that dies is started again, each time, and both are said', async () => {
  const server = new FakeServer()
  watch(server)
  for (const restarts of [1, 2]) {
    server.die('signal SIGKILL')
    expect(await until(() => server.starts === restarts && watched.trouble === null)).toBe(true)
  }
  expect(said).toHaveLength(4)
  expect(said[0]).toMatch(
    /^Server ended \(signal SIGKILL\)\. It is started again on its data; meanwhile nothing happens\./,
  )
  expect(said[1]).toMatch(/^Server is back after/)
})

test('one that runs and does not answer is killed and started again', async () => {
  const server = new FakeServer()
  watch(server)
  server.isHanging = true
  expect(await until(() => server.starts === 1 && watched.trouble === null)).toBe(true)
  expect(said[0]).toContain('has not answered for 0.03 s and was killed')
})

test('one that does not stay up is started as often as the window allows, and then waited for', async () => {
  const server = new FakeServer()
  server.startsFail = true
  watch(server)
  server.die('code 1')
  expect(await until(() => said.some((line) => line.includes('does not stay up')))).toBe(true)
  expect(server.starts).toBe(LIMITS.restartsMax)
  expect(watched.trouble).toContain('did not start again')
})

test('stopping ends the wait for a restart', async () => {
  const server = new FakeServer()
  server.startsFail = true
  watch(server)
  server.die('code 1')
  expect(await until(() => server.starts > 0)).toBe(true)
  await watched.stop()
  const { starts } = server
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(server.starts).toBe(starts)
})

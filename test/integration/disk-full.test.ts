import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/backoff.ts'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { type LoadResult, postOpenLoop } from '../gateway/load/post-open-loop.ts'
import { judgeAccepted } from './judge-accepted.ts'

/** The figures in docs/operations/embedded-servers.md are those of these tests. */
const RATE = Number(process.env.SURVIVE_RATE || 200)
const SECONDS = Number(process.env.SURVIVE_SECONDS || 6)
const BACK_MS_MAX = 120_000
/** PostgreSQL makes 512 MB of write-ahead log ready. */
const DISK = '1200m'
const MEGABYTE = Buffer.alloc(1024 * 1024, 'x')

/** Only root may mount a disk of a size; elsewhere these tests cannot be run, and say so. */
const isRoot = process.getuid?.() === 0
const title = (what: string): string => (isRoot ? what : `${what} (not run: mounting a small disk needs root)`)

const mountPoint = mkdtempSync(join(tmpdir(), 'smsgw-disk-'))
const filler = join(mountPoint, 'filler')
const temporaryBefore = process.env.TMPDIR
const said: string[] = []
const loads: LoadResult[] = []
let bench: BenchGateway

beforeAll(async () => {
  if (!isRoot) return
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=755`, 'tmpfs', mountPoint])
  // All data of the gateway goes to a folder of that disk.
  process.env.TMPDIR = mountPoint
  bench = await startBenchGateway({
    brokers: 1,
    customers: 5,
    webhooks: { customers: 0, url: '' },
    env: { SIMULATOR_LATENCY_MS: '100', UP_RESTARTS_MAX: '50' },
    notify: (what) => said.push(what),
  })
})

afterAll(async () => {
  await bench?.stop()
  if (isRoot) execFileSync('umount', ['-l', mountPoint])
  rmSync(mountPoint, { recursive: true, force: true })
  if (temporaryBefore === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = temporaryBefore
})

test.runIf(isRoot)(
  title('a disk that is nearly full: posts are refused before it is full, and taken when it has room'),
  async () => {
    const { totalBytes } = diskNow()
    fill(totalBytes * 0.03)
    const refused = await eventually('posts are refused', post, ({ status }) => status === 503)
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1)
    expect(await refused.json()).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('disk') })
    // Each process looks at the disk by itself, so the answer and the line come in either order.
    await eventually(
      'up says that posts are refused',
      () => said,
      (lines) => lines.some((line) => line.includes('posts are refused')),
    )
    rmSync(filler)
    const taken = await eventually('posts are accepted again', post, ({ status }) => status === 202)
    expect(taken.status).toBe(202)
    await eventually(
      'up says that there is room again',
      () => said.at(-1) ?? '',
      (line) => line.includes('there is room again'),
    )
  },
)

test.runIf(isRoot).each([
  ['nothing else happens', [], []],
  [
    'its servers and processes are killed while it is full',
    ['PostgreSQL', 'Kafka', 'ClickHouse'],
    ['front', 'back', 'simulator'],
  ],
])(
  title('a disk that fills under load, and is freed; %s: all that was accepted becomes final, charged once'),
  async (name, servers, processes) => {
    const { gateway, pool, apiKeys } = bench
    const filled = sleep((SECONDS * 1_000) / 3).then(async () => {
      // Within less than the second between two looks at the disk, so that posts meet a database that cannot write.
      fill(0)
      for (const each of servers) process.kill(gateway.embedded.get(each)!.pid, 'SIGKILL')
      for (const each of processes) process.kill(gateway.processes.get(each)!.pid!, 'SIGKILL')
      await fillUp(Date.now() + SECONDS * 1_000)
      rmSync(filler)
      return Date.now()
    })
    const load = await postOpenLoop({
      api: gateway.servers.api,
      apiKeys,
      ratePerSecond: RATE,
      seconds: SECONDS * 2,
      connections: 128,
      idempotency: name,
      phones: 1_000_000,
    })
    const freedMs = await filled
    loads.push(load)
    expect(load.accepted).toHaveLength(RATE * SECONDS * 2)
    const { flagged } = await judgeAccepted(gateway, pool, loads, BACK_MS_MAX)
    const finalAfterMs = Date.now() - freedMs
    expect(await eventually('the gateway is ready again', isReady, (ready) => ready, BACK_MS_MAX)).toBe(true)
    const times = { fullForMs: SECONDS * 1_000, finalAfterMs, readyAfterMs: Date.now() - freedMs }
    console.log(
      'disk full',
      name,
      JSON.stringify({ rate: RATE, ...times, flagged, refused: load.refused, said: said.splice(0) }),
    )
  },
)

function diskNow(): { freeBytes: number; totalBytes: number } {
  const { bavail, blocks, bsize } = statfsSync(mountPoint)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

/** Fills the disk until so much is left; to the last byte for 0. */
function fill(leftBytes: number): void {
  const file = openSync(filler, 'a')
  try {
    while (diskNow().freeBytes - MEGABYTE.length > leftBytes) writeSync(file, MEGABYTE)
    if (leftBytes === 0) while (writeSync(file, MEGABYTE.subarray(0, 4_096)) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

/** Keeps it full, whatever is freed meanwhile. */
async function fillUp(untilMs: number): Promise<void> {
  while (Date.now() < untilMs) {
    fill(0)
    await sleep(100)
  }
}

function post(): Promise<Response> {
  return fetch(`${bench.gateway.servers.api}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bench.gateway.servers.api_key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '+989121234567', text: 'room?' }),
  })
}

async function isReady(): Promise<boolean> {
  const answer = await fetch(`${bench.gateway.servers.admin}/readyz`).catch(() => null)
  return answer?.ok === true
}

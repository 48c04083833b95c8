import { expect, onTestFinished, test } from 'vitest'
import { LeaderLoop } from '../../src/postgres/leader-loop.ts'
import type { Connection, Pool } from '../../src/postgres/pool.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshDatabase } from '../servers/fixtures.ts'

/** One of several that could lead; notes what happens to it. */
function candidate(pool: Pool, name: string, history: string[], round = async () => {}) {
  let connection: Connection | null = null
  let isTroubled = false
  const loop = new LeaderLoop({
    pool,
    lock: 1,
    periodMs: 5,
    begin: async (given) => {
      connection = given
      history.push(`${name} begins`)
      return async () => {
        await given.query('SELECT 1')
        await round()
      }
    },
    ended: () => history.push(`${name} ends`),
    failure: {
      failed: () => {
        isTroubled = true
        history.push(`${name} is in trouble`)
        return 0
      },
      succeeded: () => {
        if (isTroubled) history.push(`${name} is out of trouble`)
        isTroubled = false
      },
    },
  })
  loop.start()
  onTestFinished(() => loop.stop())
  return { loop, pid: async () => (await connection!.query('SELECT pg_backend_pid() AS pid')).rows[0]!.pid as number }
}

const has = (history: readonly string[], what: string) =>
  eventually(
    `the history has ${what}`,
    () => history.includes(what),
    (found) => found,
  )

test('one leads at a time: the next when it stops, when its connection breaks, or when a round fails', async () => {
  const pool = await freshDatabase()
  const history: string[] = []
  let rounds = 0
  const first = candidate(pool, 'first', history, async () => void rounds++)
  await eventually(
    '3 rounds',
    () => rounds,
    (count) => count >= 3,
  )
  candidate(pool, 'second', history, async () => {
    if (history.includes('now fail')) throw new Error('a round that fails')
  })
  const before = rounds
  await eventually(
    '5 more rounds',
    () => rounds - before,
    (count) => count >= 5,
  )
  expect(history).toEqual(['first begins'])

  await pool.query('SELECT pg_terminate_backend($1)', [await first.pid()])
  expect(await has(history, 'first ends')).toBe(true)
  await first.loop.stop()
  expect(await has(history, 'second begins')).toBe(true)

  history.push('now fail')
  expect(await has(history, 'second is in trouble')).toBe(true)
  candidate(pool, 'third', history)
  expect(await has(history, 'third begins')).toBe(true)
  // Another does the work: that its own round failed does not make the process unready.
  expect(await has(history, 'second is out of trouble')).toBe(true)
})

test('a loop that is stopped while it waits ends at once, and frees the lock', async () => {
  const pool = await freshDatabase()
  const history: string[] = []
  const { loop } = candidate(pool, 'only', history)
  expect(await has(history, 'only begins')).toBe(true)
  await loop.stop()
  expect(history).toEqual(['only begins', 'only ends'])
  candidate(pool, 'next', history)
  expect(await has(history, 'next begins')).toBe(true)
})

import { expect, test } from 'vitest'
import { freshDatabase } from '../servers/fixtures.ts'

test('a connection that breaks while it is in use fails what it is used for, and nothing else', async () => {
  const pool = await freshDatabase()
  const connection = await pool.connect()
  const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const broken = new Promise<void>((resolve) => connection.once('end', resolve))
  await pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid])
  await broken
  await expect(connection.query('SELECT 1')).rejects.toThrow()
  connection.release()
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

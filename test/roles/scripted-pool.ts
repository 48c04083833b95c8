import type { Pool } from '../../src/postgres/pool.ts'

/** Answers a statement: with its rows, or by throwing what PostgreSQL or the network would. */
export type ScriptedAnswer = (values: readonly unknown[]) => readonly object[]

interface Statement {
  readonly name?: string
  readonly values?: readonly unknown[]
}

/**
 * A pool without a server, for tests of what a role does with the answers. Statements are answered by their names; one
 * without an answer finds and changes nothing. There are no connections to lead with: each request for one is refused.
 */
export function scriptedPool(answers: Readonly<Record<string, ScriptedAnswer>>): Pool {
  const query = async (statement: Statement | string, parameters: readonly unknown[] = []) => {
    const { name = '', values = parameters } = typeof statement === 'string' ? {} : statement
    const rows = answers[name]?.(values) ?? []
    return { rows, rowCount: rows.length }
  }
  const connect = async (): Promise<never> => {
    throw Object.assign(new Error('there is no server'), { code: 'ECONNREFUSED' })
  }
  return { query, connect } as unknown as Pool
}

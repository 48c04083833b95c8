import type { Session } from 'chdb'

/** Queries that may wait in the queue. */
const WAITING_MAX = 1_000

/** Runs queries one after another: an embedded engine has one session, whose current database is shared. */
export class QueryQueue {
  readonly #session: Session
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #database = 'default'

  constructor(session: Session) {
    this.#session = session
  }

  /** Runs a query in a database, with values for its `{name:Type}` places. Returns the answer's bytes. */
  run(sql: string, options: { database: string; format: string; values: Record<string, string> }): Promise<Uint8Array> {
    if (this.#waiting >= WAITING_MAX) return Promise.reject(new Error('too many queries are waiting'))
    this.#waiting++
    const result = this.#last.then(() => this.#run(sql, options))
    this.#last = result.catch(() => {}).then(() => this.#waiting--)
    return result
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    await this.#last
  }

  async #run(
    sql: string,
    { database, format, values }: { database: string; format: string; values: Record<string, string> },
  ): Promise<Uint8Array> {
    if (database !== this.#database) {
      await this.#session.queryAsync(`USE ${quoteIdentifier(database)}`)
      this.#database = database
    }
    const hasValues = Object.keys(values).length > 0
    const result = hasValues
      ? await this.#session.queryBindAsync(sql, values, { format })
      : await this.#session.queryAsync(sql, { format })
    return result.bytes()
  }
}

function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}

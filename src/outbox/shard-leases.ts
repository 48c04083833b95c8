import { OUTBOX_SHARDS } from '../domain/outbox-shard.ts'
import type { Connection } from '../postgres/pool.ts'

/** Classes of advisory locks: one lock for each shard, and one for each relay that is there. */
const SHARD_LOCKS = 7_306_003
const PRESENCE_LOCKS = 7_306_004

/**
 * Which shards this relay owns. A shard is an advisory lock of the relay's connection: it has one owner at a time, and
 * is free the moment that connection ends. Relays count each other and each takes its share.
 */
export class ShardLeases {
  readonly #connection: Connection
  readonly #presence = Math.floor(Math.random() * 2 ** 31)
  #owned: number[] = []

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get owned(): readonly number[] {
    return this.#owned
  }

  async announce(): Promise<void> {
    await this.#connection.query('SELECT pg_advisory_lock($1, $2)', [PRESENCE_LOCKS, this.#presence])
  }

  /** Takes free shards up to our share, and gives up what is beyond it. Returns whether something changed. */
  async balance(): Promise<boolean> {
    const { rows } = await this.#connection.query<{ relays: number }>(
      `SELECT count(*) AS relays FROM pg_locks WHERE locktype = 'advisory' AND classid = $1
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [PRESENCE_LOCKS],
    )
    const share = Math.ceil(OUTBOX_SHARDS / Math.max(1, rows[0]!.relays))
    const before = this.#owned.join()
    await this.#release(this.#owned.slice(share))
    if (this.#owned.length < share) await this.#acquire(share - this.#owned.length)
    return this.#owned.join() !== before
  }

  async #release(shards: readonly number[]): Promise<void> {
    for (const shard of shards) {
      await this.#connection.query('SELECT pg_advisory_unlock($1, $2)', [SHARD_LOCKS, shard])
      this.#owned = this.#owned.filter((owned) => owned !== shard)
    }
  }

  async #acquire(most: number): Promise<void> {
    for (let shard = 0; shard < OUTBOX_SHARDS && most > 0; shard++) {
      if (this.#owned.includes(shard)) continue
      const { rows } = await this.#connection.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_lock($1, $2) AS locked',
        [SHARD_LOCKS, shard],
      )
      if (!rows[0]!.locked) continue
      this.#owned = [...this.#owned, shard].sort((a, b) => a - b)
      most--
    }
  }
}

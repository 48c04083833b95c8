/** Shards of the outbox: as many relays can work at once. Changing the number needs an empty outbox. */
export const OUTBOX_SHARDS = 16

/** The shard of a customer's messages: all in one, so that one relay publishes them in their order. FNV-1a. */
export function outboxShard(customerId: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < customerId.length; index++) {
    hash = Math.imul(hash ^ customerId.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) % OUTBOX_SHARDS
}

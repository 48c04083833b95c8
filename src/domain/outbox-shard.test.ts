import { expect, test } from 'vitest'
import { OUTBOX_SHARDS, outboxShard } from './outbox-shard.ts'

/** FNV-1a, 32 bits, by its authors' test vectors. Rows in the outbox have their shard: another function would part them. */
test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('the shard of %j is its FNV-1a hash', (customerId, hash) => {
  expect(outboxShard(customerId)).toBe(hash % 16)
  expect(OUTBOX_SHARDS).toBe(16)
})

test('customers are spread over all shards', () => {
  const shards = Array.from({ length: 400 }, (_, n) => outboxShard(`customer-${n}`))
  expect(new Set(shards).size).toBe(OUTBOX_SHARDS)
})

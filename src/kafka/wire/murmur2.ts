/**
 * The hash by which Kafka's Java client chooses a partition (`org.apache.kafka.common.utils.Utils.murmur2`), in
 * 32-bit integer arithmetic. Every client that uses it puts a key on the same partition.
 */
function murmur2(data: Buffer): number {
  const m = 0x5bd1e995
  const length = data.length
  let h = 0x9747b28c ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length - at
  if (rest === 3) h ^= data[at + 2]! << 16
  if (rest >= 2) h ^= data[at + 1]! << 8
  if (rest >= 1) {
    h ^= data[at]!
    h = Math.imul(h, m)
  }
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** The partition of a key, as the Java client computes it: `toPositive(murmur2(key)) % partitions`. */
export function partitionOfKey(key: string | Buffer, partitions: number): number {
  return (murmur2(typeof key === 'string' ? Buffer.from(key) : key) & 0x7fffffff) % partitions
}

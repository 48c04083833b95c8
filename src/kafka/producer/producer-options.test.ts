import { expect, test } from 'vitest'
import { producerOptions } from './producer-options.ts'

test('what Kafka would refuse, or could not keep, is refused by name', () => {
  expect(() => producerOptions('safe', { acks: 1 })).toThrow(/idempotent needs acks/)
  expect(() => producerOptions('safe', { batchBytesMax: 2 ** 30 })).toThrow(/batchBytesMax/)
  expect(() => producerOptions('safe', { requestBytesMax: 2 ** 30 })).toThrow(/requestBytesMax/)
  expect(() => producerOptions('safe', { deliveryTimeoutMs: 5_000 })).toThrow(/deliveryTimeoutMs/)
})

test('the named profiles are what they promise', () => {
  expect(producerOptions('safe')).toMatchObject({ acks: -1, idempotent: true, lingerMs: 5 })
  expect(producerOptions('fast')).toMatchObject({ acks: 1, idempotent: false })
  expect(producerOptions('batch')).toMatchObject({ lingerMs: 100, batchBytesMax: 16_384 })
})

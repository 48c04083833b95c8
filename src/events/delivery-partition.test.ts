import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partitionOfKey } from '../kafka/wire/murmur2.ts'
import { deliveryPartition, expressCount, placeTask } from './delivery-partition.ts'

const layouts = fc.record({ partitions: fc.integer({ min: 1, max: 100 }), expressPartitions: fc.nat(20) })

test('express messages and all others never share a partition, and each key has one partition of either kind', () => {
  fc.assert(
    fc.property(fc.string(), layouts, (key, layout) => {
      const express = expressCount(layout)
      const first = layout.partitions - express
      expect(first).toBeGreaterThan(0)
      for (const priority of [0, 1, 2])
        expect(deliveryPartition(key, priority, layout)).toBe(partitionOfKey(key, first))
      const place = deliveryPartition(key, 3, layout)
      expect(place).toBe(express > 0 ? first + partitionOfKey(key, express) : partitionOfKey(key, layout.partitions))
      expect(place).toBeLessThan(layout.partitions)
    }),
  )
})

test('a task is placed by what it says; what is no task, or has no key, goes where it would anyway', () => {
  const layout = { partitions: 50, expressPartitions: 5 }
  const task = { topic: 'sms.delivery', key: 'acme', value: '{"priority":3}' }
  expect(placeTask(task, layout)).toEqual({ ...task, partition: deliveryPartition('acme', 3, layout) })
  expect(placeTask({ ...task, value: 'not JSON' }, layout).partition).toBe(deliveryPartition('acme', 0, layout))
  expect(placeTask({ ...task, value: Buffer.from(task.value) }, layout).partition).toBe(
    deliveryPartition('acme', 3, layout),
  )
  for (const value of [null, '{"priority":"3"}', '{"priority":null}', '3'])
    expect(placeTask({ ...task, value }, layout).partition).toBe(deliveryPartition('acme', 0, layout))
  expect(placeTask({ ...task, value: 'null' }, layout).partition).toBe(deliveryPartition('acme', 0, layout))
  expect(placeTask({ ...task, key: null }, layout)).not.toHaveProperty('partition')
  expect(placeTask({ ...task, topic: 'sms.status' }, layout)).not.toHaveProperty('partition')
  expect(placeTask(task, { ...layout, partitions: 0 })).not.toHaveProperty('partition')
})

test('so many partitions are express, but never the last one that is left', () => {
  const counts = [50, 5, 1, 0].map((partitions) => expressCount({ partitions, expressPartitions: 5 }))
  expect(counts).toEqual([5, 4, 0, 0])
  expect(expressCount({ partitions: 50, expressPartitions: 0 })).toBe(0)
})

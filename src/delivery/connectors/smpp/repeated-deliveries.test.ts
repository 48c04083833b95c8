import { expect, test } from 'vitest'
import { RepeatedDeliveries } from './repeated-deliveries.ts'

test('a repetition is the same sequence number on the same connection with the same words, and nothing else', () => {
  const deliveries = new RepeatedDeliveries()
  const [first, second] = [{}, {}]
  expect(deliveries.arrived(first, 7, 'a')).toBe(false)
  expect(deliveries.arrived(first, 8, 'a')).toBe(false)
  expect(deliveries.arrived(second, 7, 'a')).toBe(false)
  expect(deliveries.arrived(first, 7, 'b')).toBe(false)
  expect(deliveries.arrived(first, 8, 'a')).toBe(true)
})

test('what was stored and not acknowledged comes again once, by whichever connection', () => {
  const deliveries = new RepeatedDeliveries()
  deliveries.arrived({}, 1, 'a')
  deliveries.unacknowledged('a')
  expect(deliveries.arrived({}, 1, 'b')).toBe(false)
  expect(deliveries.arrived({}, 1, 'a')).toBe(true)
  expect(deliveries.arrived({}, 2, 'a')).toBe(false)
})

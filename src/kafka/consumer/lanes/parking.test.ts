import { expect, onTestFinished, test, vi } from 'vitest'
import { Parking } from './parking.ts'

test.each([600_000, -600_000])('a wait is as long as it was to be, though the wall clock steps by %d ms', (stepMs) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const released: string[] = []
  const parking = new Parking<string>((item) => released.push(item))
  parking.park('later', Date.now() + 2_000)
  parking.park('sooner', Date.now() + 1_000)
  vi.setSystemTime(Date.now() + stepMs)
  vi.advanceTimersByTime(999)
  expect(released).toEqual([])
  vi.advanceTimersByTime(2)
  expect(released).toEqual(['sooner'])
  vi.advanceTimersByTime(1_000)
  expect(released).toEqual(['sooner', 'later'])
  expect(parking.size).toBe(0)
})

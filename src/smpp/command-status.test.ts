import { expect, test } from 'vitest'
import {
  COMMAND_STATUS,
  describeStatus,
  readStatus,
  type StatusName,
  statusName,
  WRITTEN_STATUS,
} from './command-status.ts'

test('every status is found by its code', () => {
  for (const name of Object.keys(COMMAND_STATUS) as StatusName[])
    expect(statusName(COMMAND_STATUS[name].code)).toBe(name)
})

test("a vendor's code is described by its number", () => {
  expect(describeStatus(0x58)).toBe('ESME_RTHROTTLED (0x00000058)')
  expect(describeStatus(0x0401)).toBe('0x00000401')
  expect(statusName(0x0401)).toBeNull()
})

test.each([
  ['ESME_RTHROTTLED', 0x58],
  ['0x58', 0x58],
  ['0x0401', 0x0401],
])('%s is written for %i', (written, code) => {
  expect(WRITTEN_STATUS.test(written)).toBe(true)
  expect(readStatus(written)).toBe(code)
})

test.each(['', 'ESME_RNONE', 'toString', '88', '0x', '0x123456789', 'ESME_ROK '])('%j is no status', (written) => {
  expect(WRITTEN_STATUS.test(written)).toBe(false)
})

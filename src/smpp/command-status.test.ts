import { expect, test } from 'vitest'
import { COMMAND_STATUS, describeStatus, type StatusName, statusName } from './command-status.ts'

test('every status is found by its code', () => {
  for (const name of Object.keys(COMMAND_STATUS) as StatusName[])
    expect(statusName(COMMAND_STATUS[name].code)).toBe(name)
})

test("a vendor's code is described by its number", () => {
  expect(describeStatus(0x58)).toBe('ESME_RTHROTTLED (0x00000058)')
  expect(describeStatus(0x0401)).toBe('0x00000401')
  expect(statusName(0x0401)).toBeNull()
})

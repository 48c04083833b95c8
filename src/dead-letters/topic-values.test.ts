import { expect, test } from 'vitest'
import { TASK } from '../../test/servers/sample-message.ts'
import { editFaults, faultsOf } from './topic-values.ts'

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const pointers = (changes: object, before: object = TASK): string[] =>
  editFaults('sms.delivery', bytes(before), bytes({ ...TASK, ...changes })).map(({ pointer }) => pointer)

test('what does not fit is named field by field', () => {
  expect(faultsOf('sms.delivery', Buffer.from('{'))).toEqual([{ pointer: '/', detail: 'the value is not JSON' }])
  expect(faultsOf('sms.delivery', null)).toHaveLength(1)
  const { phone, ...incomplete } = { ...TASK, priority: 9 }
  expect(phone).toBeDefined()
  expect(faultsOf('sms.delivery', bytes(incomplete)).map(({ pointer }) => pointer)).toEqual(['/phone', '/priority'])
  expect(faultsOf('sms.delivery', bytes(TASK))).toEqual([])
})

test('an edit may mend, but not turn one message into another or into more than was paid for', () => {
  expect(pointers({ operator: 'p', phone: '+15551234567' })).toEqual([])
  expect(pointers({ sms_id: 8, customer_id: 'd', segments: 2 })).toEqual(['/sms_id', '/customer_id', '/segments'])
  expect(pointers({}, { ...TASK, sms_id: 'seven' })).toEqual([])
  expect(pointers({ message: 'x'.repeat(161) })).toEqual(['/message'])
  expect(pointers({ message: 'سلام' })).toEqual(['/encoding'])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { COMMAND_STATUS } from '../../../smpp/command-status.ts'
import { StatusClasses, statusCode } from './classify-status.ts'
import { needsPeople, reconnectDelayMs } from './reconnect-delay.ts'

const LIMITS = { reconnect_ms_first: 500, reconnect_ms_max: 30_000, refused_ms_first: 30_000, refused_ms_max: 600_000 }
const lost = { cause: 'connection-lost', status: 0, detail: '' } as const
const refused = (status: number) => ({ cause: 'refused', status, detail: '' }) as const

test.each([
  ['ESME_RTHROTTLED', 'throttled'],
  ['ESME_RMSGQFUL', 'throttled'],
  ['ESME_RSYSERR', 'temporary'],
  ['ESME_RX_T_APPN', 'temporary'],
  ['ESME_RINVDSTADR', 'rejected'],
  ['ESME_RINVSRCADR', 'rejected'],
] as const)('%s is %s', (name, kind) => {
  expect(new StatusClasses({}).classOf(COMMAND_STATUS[name].code)).toBe(kind)
})

test('an operator has its own meaning for a status, by name or by number; an unknown status is tried again', () => {
  const classes = new StatusClasses({ ESME_RSUBMITFAIL: 'rejected', '0x401': 'throttled', '0x14': 'temporary' })
  expect(classes.classOf(COMMAND_STATUS.ESME_RSUBMITFAIL.code)).toBe('rejected')
  expect(classes.classOf(0x401)).toBe('throttled')
  expect(classes.classOf(COMMAND_STATUS.ESME_RMSGQFUL.code)).toBe('temporary')
  expect(classes.classOf(0x4ff)).toBe('temporary')
  expect([statusCode(0x58), statusCode(0x4ff)]).toEqual(['ESME_RTHROTTLED', '0x4ff'])
})

test('a lost connection is made again after anything up to a limit that doubles', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, share) => {
      const delayMs = reconnectDelayMs(lost, failures, LIMITS, () => share)
      expect(delayMs).toBe(share * Math.min(30_000, 500 * 2 ** (failures - 1)))
    }),
  )
})

test('a refusal that needs people waits longer, and never nothing; one that passes does not', () => {
  const wrongPassword = refused(COMMAND_STATUS.ESME_RINVPASWD.code)
  expect(needsPeople(wrongPassword)).toBe(true)
  expect(reconnectDelayMs(wrongPassword, 1, LIMITS, () => 0)).toBe(15_000)
  expect(reconnectDelayMs(wrongPassword, 20, LIMITS, () => 1)).toBe(600_000)
  const stillBound = refused(COMMAND_STATUS.ESME_RALYBND.code)
  expect(needsPeople(stillBound)).toBe(false)
  expect(reconnectDelayMs(stillBound, 1, LIMITS, () => 1)).toBe(500)
})

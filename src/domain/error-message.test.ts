import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ERROR_MESSAGE_CHARS_MAX, errorMessage } from './error-message.ts'
import { STATUSES } from './status.ts'
import { isClean } from './text/clean-text.ts'

const meaningOf = (code: string): string | null =>
  code === 'ESME_RINVDSTADR' ? 'destination address is invalid' : null

test.each([
  [
    { status: 'rejected', code: 'ESME_RINVDSTADR', text: null, wasAccepted: false },
    'The operator rejected the message: destination address is invalid (ESME_RINVDSTADR).',
  ],
  [
    { status: 'failed', code: '27', text: 'Absent subscriber', wasAccepted: false },
    'Every attempt failed: code 27: "Absent subscriber".',
  ],
  [
    { status: 'failed', code: '011', text: null, wasAccepted: true },
    'The operator reported that delivery failed: code 011.',
  ],
  [{ status: 'failed', code: null, text: null, wasAccepted: true }, 'The operator reported that delivery failed.'],
  [
    { status: 'expired', code: 'validity-over', text: null, wasAccepted: false },
    'The message expired: the validity period ended first.',
  ],
  [
    { status: 'unknown', code: 'no-receipt', text: null, wasAccepted: true },
    'The outcome is unknown, the operator has the message: no delivery receipt arrived in time.',
  ],
  [
    { status: 'queued', code: 'http-503', text: null, wasAccepted: false },
    'Waiting for another attempt: the operator answered with HTTP status 503.',
  ],
  [{ status: 'failed', code: 'xhttp-503', text: null, wasAccepted: false }, 'Every attempt failed: code xhttp-503.'],
  [{ status: 'failed', code: 'http-5030', text: null, wasAccepted: false }, 'Every attempt failed: code http-5030.'],
  [{ status: 'failed', code: 'toString', text: null, wasAccepted: false }, 'Every attempt failed: code toString.'],
  [
    { status: 'failed', code: null, text: 'Try again later!', wasAccepted: false },
    'Every attempt failed: "Try again later!"',
  ],
  [{ status: 'failed', code: 'no. 7', text: null, wasAccepted: false }, 'Every attempt failed: code no. 7.'],
  [{ status: 'failed', code: '7?', text: null, wasAccepted: false }, 'Every attempt failed: code 7?'],
  [{ status: 'failed', code: '7', text: '', wasAccepted: false }, 'Every attempt failed: code 7.'],
  [{ status: 'queued', code: null, text: 'busy', wasAccepted: false }, null],
  [{ status: 'queued', code: null, text: null, wasAccepted: false }, null],
  [{ status: 'delivered', code: null, text: null, wasAccepted: true }, null],
  [{ status: 'cancelled', code: null, text: null, wasAccepted: false }, null],
] as const)('%o', (facts, message) => {
  expect(errorMessage(facts, meaningOf)).toBe(message)
})

test('whatever an operator says, the message is clean and bounded, and the same each time', () => {
  const facts = fc.record({
    status: fc.constantFrom(...STATUSES),
    code: fc.option(fc.string({ unit: 'binary', maxLength: 2_000 })),
    text: fc.option(fc.string({ unit: 'binary', maxLength: 2_000 })),
    wasAccepted: fc.boolean(),
  })
  fc.assert(
    fc.property(facts, (each) => {
      const message = errorMessage(each, meaningOf)
      if (message === null) return
      expect(message.length).toBeLessThanOrEqual(ERROR_MESSAGE_CHARS_MAX)
      expect(isClean(message)).toBe(true)
      expect(message).toMatch(/^[A-Z]/)
      expect(errorMessage(each, meaningOf)).toBe(message)
    }),
  )
})

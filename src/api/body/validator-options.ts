/** Formats that `describe-api.ts` describes. The handler checks them: it says which character is wrong. */
const FORMATS = ['phone', 'sms-text', 'sms-text-of-encoding', 'sms-sender', 'future-date-time']

/** Of Ajv. Unknown fields and numbers written as strings are faults to be named, not to be mended in silence. */
export const VALIDATOR_OPTIONS = {
  removeAdditional: false,
  coerceTypes: false,
  useDefaults: false,
  allErrors: false,
  formats: Object.fromEntries(FORMATS.map((name) => [name, true as const])),
}

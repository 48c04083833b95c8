import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/min'

/** How many beginnings of numbers are remembered with their countries. */
const REMEMBERED_MAX = 20_000
/** Countries that share a calling code are distinguished by the digits behind it, eight in all at most. */
const DECIDING_DIGITS = 8
const CALLING_CODE_DIGITS_MAX = 3

/** The country of each calling code that only one has, as 98 is Iran's; null where several share it, as those of +1. */
const BY_CALLING_CODE = new Map<string, string | null>()
for (const country of getCountries()) {
  const code = getCountryCallingCode(country)
  BY_CALLING_CODE.set(code, BY_CALLING_CODE.has(code) ? null : country)
}

const remembered = new Map<string, string | null>()

/**
 * The country of a number in E.164 as libphonenumber knows it, ISO 3166-1 alpha-2; null if it has none. To parse a
 * number costs several microseconds, so it is done for shared calling codes alone, and once for numbers that begin
 * alike.
 */
export function countryOf(phone: string): string | null {
  for (let digits = 1; digits <= CALLING_CODE_DIGITS_MAX; digits++) {
    const country = BY_CALLING_CODE.get(phone.slice(1, 1 + digits))
    if (country) return country
    if (country === null) return countryByDigits(phone)
  }
  return null
}

function countryByDigits(phone: string): string | null {
  const key = `${phone.length} ${phone.slice(1, 1 + DECIDING_DIGITS)}`
  const known = remembered.get(key)
  if (known !== undefined) return known
  const country = parsePhoneNumberFromString(phone)?.country ?? null
  if (remembered.size >= REMEMBERED_MAX) remembered.clear()
  remembered.set(key, country)
  return country
}

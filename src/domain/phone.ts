/** E.164: a plus, a country code that does not begin with 0, fifteen digits at most; seven is the shortest in use. */
const E164 = /^\+[1-9][0-9]{6,14}$/

/** The number in E.164, or null if it is not an international number. Spaces, dots, hyphens and brackets are let pass, and 00 for the plus. */
export function toE164(text: string): string | null {
  if (E164.test(text)) return text
  const bare = text.replace(/[\s().-]/g, '').replace(/^00/, '+')
  return E164.test(bare) ? bare : null
}

/** For logs: enough to tell the country and to compare the end, not enough to call. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '***' : `${phone.slice(0, 5)}***${phone.slice(-3)}`
}

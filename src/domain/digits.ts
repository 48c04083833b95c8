const DECIMAL_DIGIT = /\p{Nd}/u
const FOREIGN_DIGIT = /[^\P{Nd}0-9]/gu

/** The value of a decimal digit of any script (Arabic, Persian, Devanagari, full width, …); null if it is none. */
export function digitValue(character: string): number | null {
  const code = character.codePointAt(0)!
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code < 0x80 || !DECIMAL_DIGIT.test(character)) return null
  // Unicode keeps decimal digits in runs of ten, from zero; some scripts have several runs in a row.
  let value = 0
  while (DECIMAL_DIGIT.test(String.fromCodePoint(code - value - 1))) value++
  return value % 10
}

/** The text with the decimal digits of every script written as ASCII ones. */
export function asciiDigits(text: string): string {
  return text.replace(FOREIGN_DIGIT, (digit) => String(digitValue(digit)))
}

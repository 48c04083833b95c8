/** Arabic-Indic digits, and the extended ones of Persian and Urdu. */
const EASTERN_DIGIT = /[\u0660-\u0669\u06f0-\u06f9]/g

/** The text with Arabic and Persian digits written as ASCII ones. */
export function asciiDigits(text: string): string {
  // The last four bits of such a digit are its value.
  return text.replace(EASTERN_DIGIT, (digit) => String(digit.charCodeAt(0) & 0xf))
}

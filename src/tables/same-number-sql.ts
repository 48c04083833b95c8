/** `isSameNumber` of `domain/same-number.ts` as a condition on two columns: a phone in E.164, and comparable digits. */
export function sameNumber(phone: string, digits: string): string {
  return `(right(${phone}, length(${digits})) = ${digits} OR right(${digits}, length(${phone}) - 1) = substr(${phone}, 2)
             OR (length(${phone}) > 9 AND right(${phone}, 9) = right(${digits}, 9)))`
}

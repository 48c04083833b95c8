/** A character as a refusal names it: by itself where it can be seen, and always by its code, as in `"é" (U+00E9)`. */
export function nameCharacter(character: string): string {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
  return `${/[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? `"${character}" ` : ''}(U+${code})`
}

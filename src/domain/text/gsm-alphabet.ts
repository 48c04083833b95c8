/*
  3GPP TS 23.038, clause 6.2.1 (default alphabet) and 6.2.1.1 (extension table): the characters that fit in one
  septet, in the order of their codes, and those that take an escape and a second septet.
*/
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const EXTENSION = '\f^{}\\[~]|€'

const SEPTETS = new Map<string, 1 | 2>()
for (const character of BASIC) if (character !== '\x1b') SEPTETS.set(character, 1)
for (const character of EXTENSION) SEPTETS.set(character, 2)

/** Septets that a character takes in the GSM alphabet; 0 if it is not in it. */
export function gsmSeptets(character: string): 0 | 1 | 2 {
  return SEPTETS.get(character) ?? 0
}

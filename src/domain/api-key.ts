import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/*
  An API key reads sg_live_<id>_<secret>_<checksum>: eight characters that name it, 43 with 256 random bits, and six of
  CRC-32 by which a scanner, or a form, recognises a key without a request to the gateway. Only the secret's SHA-256 is
  kept: it is random enough to need no slow hash.
*/
export const KEY_PREFIX = 'sg_live_'
const FORM = new RegExp(`^${KEY_PREFIX}([0-9A-Za-z]{8})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$`)
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export interface ApiKey {
  readonly keyId: string
  readonly secret: string
}

/** A new key, and its text, which is shown once. */
export function createApiKey(): ApiKey & { readonly text: string } {
  const keyId = randomText(8)
  const secret = randomText(43)
  return { keyId, secret, text: `${KEY_PREFIX}${keyId}_${secret}_${checksum(keyId, secret)}` }
}

/** The parts of a key, or null if the text is none; a mistyped key fails here by its checksum. */
export function parseApiKey(text: string): ApiKey | null {
  const parts = FORM.exec(text)
  if (!parts || checksum(parts[1]!, parts[2]!) !== parts[3]) return null
  return { keyId: parts[1]!, secret: parts[2]! }
}

export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}

export function secretMatches(secret: string, hash: Buffer): boolean {
  return timingSafeEqual(hashSecret(secret), hash)
}

function checksum(keyId: string, secret: string): string {
  let value = crc32(`${keyId}_${secret}`)
  let text = ''
  for (let left = 6; left > 0; left--) {
    text = DIGITS[value % 62]! + text
    value = Math.floor(value / 62)
  }
  return text
}

/** Bytes that would favour some digits are discarded. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += DIGITS[byte % 62]
    }
  }
  return text
}

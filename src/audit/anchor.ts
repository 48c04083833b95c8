import { type KeyObject, sign, verify } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { Timestamp } from '../events/fields.ts'

/*
  An anchor is a signed statement about a chain, kept apart from the log: in PostgreSQL and in Kafka. It is a JSON object
  whose last field is an Ed25519 signature of the text before it. `serial` counts the anchors of a chain, so that one that
  is removed leaves a gap.

    {"v":1,"chain":"<id>","serial":7,"at":"…","key":"<id of the key>","kind":"head","lines":1042,"hash":"<head>","cause":"interval","signature":"…"}

  kind     states
  head     the chain had `lines` lines then, and `hash` covers all of them
  removed  whole days up to line `lines`, whose head is `hash`, leave the folder: `archived` or `expired`
  key      `next` is the key that signs from now on; `chain` is "keys"
*/

const Common = {
  v: Type.Literal(1),
  chain: Type.String({ pattern: '^([0-9a-f]{32}|keys)$' }),
  serial: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  at: Timestamp,
  key: Type.String({ pattern: '^[0-9a-f]{16}$' }),
}
const Place = {
  lines: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
}
const HeadAnchor = Type.Object({
  ...Common,
  kind: Type.Literal('head'),
  ...Place,
  cause: Type.Enum(['start', 'interval', 'day-end', 'shutdown']),
})
const RemovalAnchor = Type.Object({
  ...Common,
  kind: Type.Literal('removed'),
  ...Place,
  cause: Type.Enum(['archived', 'expired']),
})
const KeyAnchor = Type.Object({ ...Common, kind: Type.Literal('key'), next: Type.String({ maxLength: 200 }) })
const AnchorForm = Type.Union([HeadAnchor, RemovalAnchor, KeyAnchor])

export type PlaceAnchor = Static<typeof HeadAnchor> | Static<typeof RemovalAnchor>
export type Anchor = Static<typeof AnchorForm>
/** What is stated; the rest is added when it is signed. */
export type Statement =
  | Pick<Static<typeof HeadAnchor>, 'kind' | 'lines' | 'hash' | 'cause'>
  | Pick<Static<typeof RemovalAnchor>, 'kind' | 'lines' | 'hash' | 'cause'>
  | Pick<Static<typeof KeyAnchor>, 'kind' | 'next'>

/** The chain of anchors that are about keys. */
export const KEY_CHAIN = 'keys'
/** Longer texts are no anchors. */
const TEXT_CHARS_MAX = 2_048
const SEPARATOR = ',"signature":"'
const checker = Compile(AnchorForm)

export interface SigningKey {
  /** `keyIdOf` of its public half. */
  readonly id: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** The text of an anchor. */
export function signAnchor(
  key: SigningKey,
  place: { chain: string; serial: number; at: string },
  statement: Statement,
): string {
  const { chain, serial, at } = place
  const covered = JSON.stringify({ v: 1, chain, serial, at, key: key.id, ...statement }).slice(0, -1)
  return `${covered}${SEPARATOR}${sign(null, Buffer.from(covered), key.privateKey).toString('base64url')}"}`
}

/** An anchor as its text states it, not verified; null if it is none. */
export function parseAnchor(text: string): Anchor | null {
  if (text.length > TEXT_CHARS_MAX || !text.includes(SEPARATOR)) return null
  try {
    const value: unknown = JSON.parse(text)
    return checker.Check(value) ? value : null
  } catch {
    return null
  }
}

/** Whether this key signed the text as it is. */
export function isSignedBy(text: string, publicKey: KeyObject): boolean {
  const at = text.lastIndexOf(SEPARATOR)
  const signature = text.slice(at + SEPARATOR.length, -2)
  if (at < 0 || !text.endsWith('"}') || !/^[\w-]{86}$/.test(signature)) return false
  return verify(null, Buffer.from(text.slice(0, at)), publicKey, Buffer.from(signature, 'base64url'))
}

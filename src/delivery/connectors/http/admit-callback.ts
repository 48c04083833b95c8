import { createHmac } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import { isSameSecret } from '../../../runtime/same-secret.ts'
import type { Callback, CallbackHead } from '../../callbacks/callback-door.ts'
import type { HttpPushForm } from './http-settings.ts'

export type CallbackRefusal = 'address' | 'token' | 'signature'

/** Says why a callback is not listened to, or null. */
export interface CallbackGuard {
  /** By its head: address, token, and whether it is signed at all. What is refused by it is not read further. */
  judgeHead(head: CallbackHead): CallbackRefusal | null
  /** Whether its signature is that of its body. */
  judgeBody(callback: Callback): CallbackRefusal | null
  /** Its query without the token, which is not to be logged or stored. */
  withoutToken(query: CallbackHead['query']): CallbackHead['query']
}

/** Admits what passes every check that the description has. A secret that is not known admits nothing. */
export function guardCallbacks(push: HttpPushForm, secrets: ReadonlyMap<string, string>): CallbackGuard {
  const { signature, token, addresses } = push
  const list = addresses ? listOf(addresses) : null
  return {
    judgeHead(head) {
      if (list && !isListed(list, head.address)) return 'address'
      if (token && !hasToken(head, token, secrets.get(token.secret))) return 'token'
      if (signature && !head.headers[signature.header.toLowerCase()]) return 'signature'
      return null
    },
    judgeBody(callback) {
      return signature && !isSigned(callback, signature, secrets.get(signature.secret)) ? 'signature' : null
    },
    withoutToken(query) {
      if (!token || !('query' in token)) return query
      const { [token.query]: _, ...rest } = query
      return rest
    },
  }
}

function hasToken(
  { query, headers }: CallbackHead,
  token: NonNullable<HttpPushForm['token']>,
  secret: string | undefined,
): boolean {
  const given = 'query' in token ? query[token.query] : headers[token.header.toLowerCase()]
  // A secret that is missing or empty admits nothing.
  return secret ? isSameSecret(String(given ?? ''), secret) : false
}

function isSigned(
  { headers, body }: Callback,
  { header, algorithm = 'sha256', encoding = 'hex', prefix = '' }: NonNullable<HttpPushForm['signature']>,
  secret: string | undefined,
): boolean {
  if (!secret) return false
  const given = String(headers[header.toLowerCase()] ?? '')
  const expected = prefix + createHmac(algorithm, secret).update(body).digest(encoding)
  return encoding === 'hex' ? isSameSecret(given.toLowerCase(), expected.toLowerCase()) : isSameSecret(given, expected)
}

function listOf(addresses: readonly string[]): BlockList {
  const list = new BlockList()
  for (const each of addresses) {
    const [net, bits] = each.split('/')
    const family = isIPv6(net!) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(net!, family)
    else list.addSubnet(net!, Number(bits), family)
  }
  return list
}

function isListed(list: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
}

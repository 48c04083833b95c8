import { createHmac, timingSafeEqual } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import type { HttpPushForm } from '../../../operators/http-settings.ts'

/** A request with receipts, as it came. Names of headers are in small letters. */
export interface Callback {
  readonly address: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

/** Why a callback is not listened to, or null: every check that the description has must pass. */
export function refuseCallback(
  callback: Callback,
  { signature, token, addresses }: HttpPushForm,
  secret: (name: string) => string,
): 'address' | 'token' | 'signature' | null {
  if (addresses && !allowed(addresses, callback.address)) return 'address'
  if (token) {
    const given = 'query' in token ? callback.query[token.query] : callback.headers[token.header.toLowerCase()]
    if (!isSame(String(given ?? ''), secret(token.secret))) return 'token'
  }
  if (signature) {
    const { header, algorithm = 'sha256', encoding = 'hex', prefix = '' } = signature
    const given = String(callback.headers[header.toLowerCase()] ?? '')
    const expected = prefix + createHmac(algorithm, secret(signature.secret)).update(callback.body).digest(encoding)
    if (
      !isSame(encoding === 'hex' ? given.toLowerCase() : given, encoding === 'hex' ? expected.toLowerCase() : expected)
    ) {
      return 'signature'
    }
  }
  return null
}

function allowed(addresses: readonly string[], address: string): boolean {
  const list = new BlockList()
  for (const each of addresses) {
    const [net, bits] = each.split('/')
    const family = isIPv6(net!) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(net!, family)
    else list.addSubnet(net!, Number(bits), family)
  }
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
}

/** In a time that says nothing about where the two differ. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

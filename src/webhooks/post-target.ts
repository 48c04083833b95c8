import { createSecretKey, type KeyObject } from 'node:crypto'
import { guardUrl } from './address-guard.ts'
import { basicAuthorization } from './endpoint-url.ts'
import type { Endpoint } from './endpoints.ts'
import { signingKey } from './sign.ts'

/** What of an endpoint is needed to post to it. */
export type Addressee = Pick<Endpoint, 'endpoint_id' | 'customer_id' | 'url' | 'credentials' | 'secret'>

/** Where and with what to post: computed once for an endpoint, not once for each event. */
export interface PostTarget {
  readonly origin: string
  readonly path: string
  readonly authorization: string | null
  readonly key: KeyObject
}

/** Throws AddressRefusedError for an address that is not public, unless private ones are allowed. */
export function postTarget({ url, credentials, secret }: Addressee, allowPrivate: boolean): PostTarget {
  const parsed = new URL(url)
  if (!allowPrivate) guardUrl(parsed)
  return {
    origin: parsed.origin,
    path: parsed.pathname + parsed.search,
    authorization: credentials === null ? null : basicAuthorization(credentials),
    key: createSecretKey(signingKey(secret)),
  }
}

import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** `own`: the request came from where it may come from; else why it did not. */
export type OriginJudgement = 'own' | 'foreign-host' | 'foreign-origin'

/**
 * Whether a request to a private port was meant for it, and not sent by a page that a browser on this machine shows.
 * `Host` has to be a name by which the port is known: a page that points a name of its own at our address (DNS
 * rebinding) sends that name. `Origin`, and what browsers say in `Sec-Fetch-Site`, have to be of this port itself.
 */
export function judgeOrigin(headers: IncomingHttpHeaders, isKnownHost: (host: string) => boolean): OriginJudgement {
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (!isKnownHost(host.toLowerCase())) return 'foreign-host'
  if (origin !== undefined && !isSameOrigin(origin, host)) return 'foreign-origin'
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'foreign-origin'
  return 'own'
}

/** `127.0.0.1`, `[::1]` and `localhost`, with any port: an SSH tunnel or a forwarded port has another one. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.has(hostNameOf(host))
}

/** An address instead of a name: no page can point that somewhere else. */
export function isAddressHost(host: string): boolean {
  return isIP(hostNameOf(host).replace(/^\[|\]$/g, '')) !== 0
}

/** Without the port. */
export function hostNameOf(host: string): string {
  return host.toLowerCase().replace(/:[0-9]{1,5}$/, '')
}

function isSameOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin)
  return url !== null && /^https?:$/.test(url.protocol) && url.host === host.toLowerCase()
}

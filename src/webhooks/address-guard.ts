import { Resolver } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'

const LOOKUP_MS = 1_500
const LOOKUP_TRIES = 2

/** An endpoint's address lies where we must not post to on a customer's behalf. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
}

/*
  Addresses that are not on the public internet: from the IANA registries of special-purpose addresses. A customer
  must not be able to reach our own network, or a cloud's metadata service, by naming it as an endpoint.
*/
const REFUSED = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  REFUSED.addSubnet(network, prefix, 'ipv4')
}
/** Only 2000::/3 is allocated to the public; within it these are not, or embed an IPv4 address. */
const PUBLIC_V6 = new BlockList()
PUBLIC_V6.addSubnet('2000::', 3, 'ipv6')
const REFUSED_V6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  REFUSED_V6.addSubnet(network, prefix, 'ipv6')
}

/** Whether an IP address is on the public internet. IPv6 forms of IPv4 addresses are not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !REFUSED.check(address, 'ipv4')
  return family === 6 && PUBLIC_V6.check(address, 'ipv6') && !REFUSED_V6.check(address, 'ipv6')
}

/** Throws AddressRefusedError if the URL is not http or https, or names an address that is not public. */
export function guardUrl(url: URL): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new AddressRefusedError('only http and https are served')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new AddressRefusedError(`${host} is not a public address`)
}

type LookedUp = { address: string; family: 4 | 6 }[]

/**
 * A lookup for connections that refuses a host if any of its addresses is not public. As the connection is made to what
 * was checked, a name that changes its mind in between gains nothing.
 *
 * It queries the name servers itself, and not `getaddrinfo`, which holds one of the process's four threads until it
 * has an answer: a customer's name server that never answers would keep every other look-up of the process waiting. So
 * /etc/hosts and search domains, which have no public names, do not count.
 */
export function guardedLookup(servers: readonly string[] = []): LookupFunction {
  const resolver = new Resolver({ timeout: LOOKUP_MS, tries: LOOKUP_TRIES })
  if (servers.length > 0) resolver.setServers(servers)
  return (hostname, options, callback) => {
    resolveBoth(resolver, hostname)
      .then((addresses) => {
        const refused = addresses.find(({ address }) => !isPublicAddress(address))
        if (refused)
          throw new AddressRefusedError(`${hostname} has the address ${refused.address}, which is not public`)
        if (options.all) callback(null, addresses)
        else callback(null, addresses[0]!.address, addresses[0]!.family)
      })
      .catch((error: Error) => callback(error, ''))
  }
}

/** IPv4 first. Throws if there is an address of neither family. */
async function resolveBoth(resolver: Resolver, hostname: string): Promise<LookedUp> {
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  const addresses: LookedUp = []
  if (v4.status === 'fulfilled') for (const address of v4.value) addresses.push({ address, family: 4 })
  if (v6.status === 'fulfilled') for (const address of v6.value) addresses.push({ address, family: 6 })
  if (addresses.length === 0) throw v4.status === 'rejected' ? v4.reason : new Error(`${hostname} has no address`)
  return addresses
}

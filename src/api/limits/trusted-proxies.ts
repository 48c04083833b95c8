import { BlockList, isIP } from 'node:net'

/** Addresses of proxies. */
export interface ProxyList {
  has(address: string): boolean
}

/** Reads addresses and CIDR ranges that are separated by commas. Throws an Error that names what is neither. */
export function parseProxies(text: string): ProxyList {
  const list = new BlockList()
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/')
    const version = isIP(address)
    const prefix = Number(bits ?? (version === 6 ? 128 : 32))
    const isRange = Number.isInteger(prefix) && prefix >= 0 && prefix <= (version === 6 ? 128 : 32)
    if (version === 0 || !isRange || bits === '' || rest.length > 0) {
      throw new Error(`must be addresses or CIDR ranges, separated by commas; "${entry}" is neither`)
    }
    list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    has: (address) => {
      const version = isIP(address)
      return entries.length > 0 && version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
    },
  }
}

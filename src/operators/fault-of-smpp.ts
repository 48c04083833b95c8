import { completeSmppSettings, type SmppSettings } from './smpp-settings.ts'

/** What is wrong beside the form: where, as a JSON pointer into the settings, and what. */
export interface SmppFault {
  readonly pointer: string
  readonly what: string
}

/** Finds settings of an SMPP operator that each are of their form, and together, or in a network, cannot work. */
export function faultOfSmpp(given: SmppSettings, window: number): SmppFault | null {
  const { address, binds, tls, tlvs, reference_tlv: reference, ...settings } = completeSmppSettings(given)
  if (settings.password_env !== undefined && settings.password_file !== undefined) {
    return { pointer: '/password_file', what: 'is one password too many: `password_env` is given' }
  }
  const addresses = typeof address === 'string' ? [address] : address
  const unusable = addresses.findIndex((each) => each !== 'embedded' && !isSocketAddress(each))
  if (unusable >= 0) {
    return {
      pointer: typeof address === 'string' ? '/address' : `/address/${unusable}`,
      what: 'has no port up to 65535',
    }
  }
  if (tls && (tls.cert_file === undefined) !== (tls.key_file === undefined)) {
    return { pointer: '/tls', what: 'needs `cert_file` and `key_file` together' }
  }
  if (binds > window) {
    return { pointer: '/binds', what: `are more than the ${window} submits of the window that they share` }
  }
  for (const kind of ['reconnect', 'refused'] as const) {
    const [first, max] = [settings[`${kind}_ms_first`], settings[`${kind}_ms_max`]]
    if (first > max) return { pointer: `/${kind}_ms_first`, what: `is above \`${kind}_ms_max\`, ${max}` }
  }
  const tags = [...(reference === undefined ? [] : [reference]), ...tlvs.map(({ tag }) => tag)]
  const twice = tags.findIndex((tag, index) => tags.indexOf(tag) < index)
  if (twice < 0) return null
  return { pointer: `/tlvs/${twice - (tags.length - tlvs.length)}`, what: `has the tag ${tags[twice]} a second time` }
}

function isSocketAddress(address: string): boolean {
  const port = Number(address.slice(address.lastIndexOf(':') + 1))
  return port > 0 && port <= 65_535
}

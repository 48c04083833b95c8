import { isIP, isIPv6 } from 'node:net'
import { parseSender } from '../../../domain/sender.ts'
import type { SettingsFault } from '../../../operators/connector-settings.ts'
import { readStatus } from '../../../smpp/command-status.ts'
import { LOGIN_OCTETS_MAX } from '../../../smpp/pdus/bind.ts'
import { TLVS } from '../../../smpp/tlv-catalogue.ts'
import { type CompleteSmppSettings, completeSmppSettings, type SmppSettings } from './smpp-settings.ts'

/** Parameters that the gateway writes by itself, by the settings `concatenation` and `flash`. */
const OWN_TAGS = ['message_payload', 'sar_msg_ref_num', 'sar_total_segments', 'sar_segment_seqnum'] as const

/**
 * Finds settings of an SMPP operator that each are of their form, and cannot work: together, in a network, or in a PDU.
 * Without this they would be found when the operator is connected to, or with its first message.
 */
export function faultOfSmpp(given: SmppSettings, window: number): SettingsFault | null {
  const settings = completeSmppSettings(given)
  return (
    faultOfSmppText(settings) ??
    faultOfConnection(settings) ??
    faultOfWaits(settings) ??
    faultOfSubmits(settings) ??
    (settings.binds > window
      ? { pointer: '/binds', what: `are more than the ${window} submits of the window that they share` }
      : null)
  )
}

/** What is wrong with a password; null if it can be sent. It goes into the bind as the operator gave it. */
export function faultOfSmppPassword(password: string): string | null {
  if (password.length >= LOGIN_OCTETS_MAX) return `has more than ${LOGIN_OCTETS_MAX - 1} characters`
  const unfit = unfitCharacter(password)
  return unfit === null ? null : `has the character ${unfit}, which a bind cannot carry`
}

/** Text goes into PDUs octet by octet; what is no octet would end the connection when it is written. */
export function faultOfSmppText(settings: CompleteSmppSettings): SettingsFault | null {
  const { system_id, system_type, service_type, address_range, tlvs } = settings
  const texts: [pointer: string, text: string][] = [
    ['/system_id', system_id],
    ['/system_type', system_type],
    ['/service_type', service_type],
    ['/address_range/range', address_range.range],
    ...tlvs.map((tlv, index): [string, string] => [`/tlvs/${index}/text`, 'text' in tlv ? tlv.text : '']),
  ]
  for (const [pointer, text] of texts) {
    const unfit = unfitCharacter(text)
    if (unfit !== null) return { pointer, what: `has the character ${unfit}, which SMPP cannot carry` }
  }
  return null
}

function unfitCharacter(text: string): string | null {
  const found = [...text].find((character) => character === '\0' || character.codePointAt(0)! > 0xff)
  return found === undefined ? null : `U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

function faultOfConnection(settings: CompleteSmppSettings): SettingsFault | null {
  const { address, tls } = settings
  if (settings.password_env !== undefined && settings.password_file !== undefined) {
    return { pointer: '/password_file', what: 'is one password too many: `password_env` is given' }
  }
  for (const [index, each] of (typeof address === 'string' ? [address] : address).entries()) {
    const pointer = typeof address === 'string' ? '/address' : `/address/${index}`
    const what = each === 'embedded' ? null : faultOfAddress(each)
    if (what !== null) return { pointer, what }
  }
  if (!tls) return null
  if (address === 'embedded') return { pointer: '/tls', what: 'is not spoken by the embedded simulator' }
  if ((tls.cert_file === undefined) !== (tls.key_file === undefined)) {
    return { pointer: '/tls', what: 'needs `cert_file` and `key_file` together' }
  }
  if (tls.servername !== undefined && isIP(tls.servername)) {
    return { pointer: '/tls/servername', what: 'is an address: TLS names servers by names (RFC 6066, 3)' }
  }
  return null
}

function faultOfAddress(address: string): string | null {
  const colon = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))]
  if (port < 1 || port > 65_535) return 'has no port from 1 to 65535'
  const isHost = /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(host) || isIPv6(host.replace(/^\[(.*)\]$/, '$1'))
  if (!isHost) return `has the host "${host}", which is neither a name nor an address`
  return isIPv6(host) ? 'has an IPv6 address without brackets: [2001:db8::1]:2775' : null
}

function faultOfWaits(settings: CompleteSmppSettings): SettingsFault | null {
  for (const kind of ['reconnect', 'refused'] as const) {
    const [first, max] = [settings[`${kind}_ms_first`], settings[`${kind}_ms_max`]]
    if (first > max) return { pointer: `/${kind}_ms_first`, what: `is above \`${kind}_ms_max\`, ${max}` }
  }
  return null
}

function faultOfSubmits({
  sender,
  errors,
  tlvs,
  reference_tlv: reference,
}: CompleteSmppSettings): SettingsFault | null {
  if (sender?.default !== undefined && parseSender(sender.default) === null) {
    return { pointer: '/sender/default', what: `is no sender that SMPP can address: "${sender.default}"` }
  }
  for (const status of Object.keys(errors)) {
    if (readStatus(status) === 0) return { pointer: `/errors/${status}`, what: 'is no error: it says that all is well' }
  }
  const own = new Map<number, string>(OWN_TAGS.map((name) => [TLVS[name].tag, name]))
  const tags = [...(reference === undefined ? [] : [reference]), ...tlvs.map(({ tag }) => tag)]
  for (const [index, tag] of tags.entries()) {
    const at = index - (tags.length - tlvs.length)
    const pointer = at < 0 ? '/reference_tlv' : `/tlvs/${at}`
    if (own.has(tag)) return { pointer, what: `has the tag of ${own.get(tag)}, which the gateway writes itself` }
    if (tags.indexOf(tag) < index) return { pointer, what: `has the tag ${tag} a second time` }
  }
  return null
}

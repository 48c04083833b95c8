/** Type of number and numbering plan (SMPP 3.4, 5.2.5 and 5.2.6). */
export interface SmppAddress {
  readonly ton: number
  readonly npi: number
  readonly addr: string
}

const INTERNATIONAL = 1
const ALPHANUMERIC = 5
const ISDN = 1

/** As people write it: an international number has a plus. */
export function readAddress({ ton, addr }: Pick<SmppAddress, 'ton' | 'addr'>): string {
  return ton === INTERNATIONAL && !addr.startsWith('+') ? `+${addr}` : addr
}

export function writeAddress(text: string): SmppAddress {
  if (text.startsWith('+')) return { ton: INTERNATIONAL, npi: ISDN, addr: text.slice(1) }
  if (/^[0-9]*$/.test(text)) return { ton: 0, npi: text === '' ? 0 : ISDN, addr: text }
  return { ton: ALPHANUMERIC, npi: 0, addr: text }
}

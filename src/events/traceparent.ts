/** W3C Trace Context, version 00: `00-<trace id>-<parent id>-<flags>`. */
const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** The header as it came, if it is one; otherwise a trace of the message's own, the same wherever it is asked for. */
export function traceparentOf(smsId: number, received: string | null): string {
  if (received && isTraceparent(received)) return received
  const low = smsId >>> 0
  const high = Math.floor(smsId / 2 ** 32) >>> 0
  const a = mix(low ^ 0x9e3779b9)
  const b = mix(high ^ a)
  return `00-${hex(b)}${hex(mix(b ^ 0x7f4a7c15))}${hex(high)}${hex(low)}-${hex(mix(b ^ low))}${hex(a | 1)}-01`
}

export function isTraceparent(text: string): boolean {
  const parts = FORM.exec(text)
  return parts !== null && !/^0+$/.test(parts[1]!) && !/^0+$/.test(parts[2]!)
}

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}

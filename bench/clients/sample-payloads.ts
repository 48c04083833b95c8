import { seededRandom } from '../../test/gateway/seeded-random.ts'

const DISTINCT = 1_000
const WORDS = 'your parcel order code is arrives today between and at door please confirm bank payment card'.split(' ')

/**
 * Lines of ASCII text of exactly so many bytes, which compress about as events do: JSON with names that repeat, and
 * ids, phones and texts that do not.
 */
export function samplePayloads(recordBytes: number): string[] {
  const random = seededRandom(recordBytes)
  return Array.from({ length: DISTINCT }, () => payload(recordBytes, random))
}

function payload(bytes: number, random: () => number): string {
  const digits = (count: number): string => String(random()).slice(2).padEnd(count, '7').slice(0, count)
  let text = `{"event_id":"01KB${digits(15)}","event_type":"sms.accepted","customer_id":"customer-${digits(3)}",`
  text += `"sms_id":2${digits(14)},"phone":"+98912${digits(7)}","cost":100,"encoding":"gsm7","message":"`
  while (text.length < bytes) text += `${WORDS[Math.floor(random() * WORDS.length)]} ${digits(2)} `
  return text.slice(0, bytes)
}

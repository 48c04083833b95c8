import { Type } from 'typebox'
import type { ProducerRecord } from '../kafka/wire/record-batch-encode.ts'
import { eventCodec } from './event-codec.ts'

/**
 * A record that waits in the outbox as it is, not made from a stored message. The key may be any bytes; values are JSON,
 * so text.
 */
const OutboxPayload = Type.Object(
  {
    topic: Type.String({ minLength: 1 }),
    key_base64: Type.Union([Type.String(), Type.Null()]),
    value: Type.String(),
    headers: Type.Array(Type.Tuple([Type.String(), Type.String()])),
  },
  { $id: 'outbox.payload' },
)

const codec = eventCodec(OutboxPayload, { takesAnyText: true })

export interface CarriedRecord {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: string
  readonly headers: readonly (readonly [string, string])[]
}

/** The text of the column `payload`. */
export function encodePayload({ topic, key, value, headers }: CarriedRecord): string {
  const pairs = headers.map(([name, text]): [string, string] => [name, text])
  return codec.encode({ topic, key_base64: key?.toString('base64') ?? null, value, headers: pairs })
}

/** Throws EventFormError. */
export function decodePayload(text: string): ProducerRecord {
  const { topic, key_base64, value, headers } = codec.decode(Buffer.from(text))
  return { topic, key: key_base64 === null ? null : Buffer.from(key_base64, 'base64'), value, headers }
}

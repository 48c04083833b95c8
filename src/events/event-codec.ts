import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

/** An event that is not of its form; `reason` is that of a dead letter. Never names the event's content. */
export class EventFormError extends Error {
  override readonly name = 'EventFormError'
  readonly reason: 'not-json' | 'schema'

  constructor(reason: 'not-json' | 'schema', message: string) {
    super(message)
    this.reason = reason
  }
}

export interface EventCodec<Event> {
  /** JSON. Throws EventFormError: what we write is checked as strictly as what we read. */
  encode(event: Event): string
  /** Throws EventFormError for bytes that are not JSON, or not of the schema. Fields that are not known are let pass. */
  decode(bytes: Buffer | null): Event
}

export function eventCodec<Schema extends TSchema>(schema: Schema): EventCodec<Static<Schema>> {
  const name = String((schema as { $id?: string }).$id)
  const checker = Compile(schema)
  const check = (value: unknown): void => {
    if (checker.Check(value)) return
    const [first] = checker.Errors(value)
    throw new EventFormError('schema', `${name}: ${first?.instancePath || '/'} ${first?.message ?? 'is not valid'}`)
  }
  return {
    encode(event) {
      check(event)
      return JSON.stringify(event)
    },
    decode(bytes) {
      let value: unknown
      try {
        value = JSON.parse(bytes?.toString() ?? '')
      } catch {
        throw new EventFormError('not-json', `${name}: the value is not JSON`)
      }
      check(value)
      return value as Static<Schema>
    },
  }
}

import type { Static, TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { decodeUtf8, Utf8Error } from '../domain/text/decode-utf8.ts'
import { INTAKE, type Intake } from './fields.ts'

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
  /** JSON. Throws EventFormError: what we write is checked more strictly than what we read. */
  encode(event: Event): string
  /**
   * Throws EventFormError for bytes that are not JSON in UTF-8, not of the schema, or have text that cannot be stored.
   * Fields that are not known are let pass; what a field of the schema does on its way in (`intake`) is done first.
   * `recordMs`: when the record was written, for events that do not say it.
   */
  decode(bytes: Buffer | null, recordMs?: number): Event
}

export interface EventCodecOptions {
  /** Text with NUL and halves of surrogate pairs is taken: the event carries what others wrote, whatever it is. */
  readonly takesAnyText?: boolean
}

const EMPTY = Buffer.alloc(0)

export function eventCodec<Schema extends TSchema>(
  schema: Schema,
  { takesAnyText = false }: EventCodecOptions = {},
): EventCodec<Static<Schema>> {
  const name = String((schema as { $id?: string }).$id)
  const checker = Compile(schema)
  const takeIn = intakeOf(schema)
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
    decode(bytes, recordMs = 0) {
      const text = textOf(bytes ?? EMPTY, name)
      const value = takeIn(parse(text, name), recordMs)
      check(value)
      // Raw, JSON has neither: only an escape can bring them.
      if (!takesAnyText && text.includes('\\u')) refuseUnstorable(value, name)
      return value as Static<Schema>
    },
  }
}

/** Does to the fields of an object what their schema says of them on their way in. Other values are left as they are. */
export function intakeOf(schema: TSchema): (value: unknown, recordMs?: number) => unknown {
  const { properties = {} } = schema as Partial<TObject>
  const intakes = Object.entries(properties).flatMap(([field, property]): [string, Intake][] => {
    const of = (property as { [INTAKE]?: Intake })[INTAKE]
    return of ? [[field, of]] : []
  })
  return (value, recordMs = 0) => {
    if (intakes.length === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const event = value as Record<string, unknown>
    const at = new Date(recordMs).toISOString()
    for (const [field, of] of intakes) {
      const taken = of(event[field], event, at)
      if (taken !== undefined) event[field] = taken
    }
    return event
  }
}

function textOf(bytes: Buffer, name: string): string {
  try {
    return decodeUtf8(bytes)
  } catch (error) {
    if (!(error instanceof Utf8Error)) throw error
    throw new EventFormError('not-json', `${name}: the value is ${error.message}`)
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new EventFormError('not-json', `${name}: the value is not JSON`)
  }
}

/** Looks at all texts, field names among them. Not recursive: a value may be nested as deep as it is long. */
function refuseUnstorable(value: unknown, name: string): void {
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string') {
      if (next.isWellFormed() && !next.includes('\0')) continue
      throw new EventFormError('schema', `${name}: a text has NUL or half a surrogate pair, which cannot be stored`)
    }
    if (typeof next === 'object' && next !== null) for (const pair of Object.entries(next)) open.push(...pair)
  }
}

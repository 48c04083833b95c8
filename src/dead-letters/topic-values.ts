import type { TObject } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { ProblemPointer } from '../domain/errors.ts'
import { decodeUtf8 } from '../domain/text/decode-utf8.ts'
import { segment } from '../domain/text/segments.ts'
import { AcceptedEvent } from '../events/accepted.ts'
import { DeliveryTask } from '../events/delivery.ts'
import { intakeOf } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { TOPICS } from '../events/topics.ts'

/** The values of a topic, and which of their fields say which event it is and what was paid for. */
interface TopicForm {
  readonly schema: TObject
  readonly checker: Validator
  readonly takeIn: (value: unknown) => unknown
  readonly identity: readonly string[]
}

const FORMS: ReadonlyMap<string, TopicForm> = new Map([
  [TOPICS.accepted, formOf(AcceptedEvent, ['event_id', 'sms_id', 'customer_id', 'cost', 'segments'])],
  [TOPICS.delivery, formOf(DeliveryTask, ['task_id', 'sms_id', 'customer_id', 'segments', 'accepted_at'])],
  [TOPICS.status, formOf(StatusEvent, ['event_id', 'sms_id', 'customer_id', 'status', 'attempt'])],
])

function formOf(schema: TObject, identity: readonly string[]): TopicForm {
  return { schema, checker: Compile(schema), takeIn: intakeOf(schema), identity }
}

/** Whether records can be redriven to a topic at all. */
export function isRedrivable(topic: string): boolean {
  return FORMS.has(topic)
}

/** What is wrong with a value as a record of a topic, field by field; nothing if it fits. */
export function faultsOf(topic: string, value: Buffer | null): ProblemPointer[] {
  const { checker, takeIn } = FORMS.get(topic)!
  const parsed = takeIn(parse(value))
  if (parsed === undefined) return [{ pointer: '/', detail: 'the value is not JSON' }]
  if (checker.Check(parsed)) return []
  return checker.Errors(parsed).map(({ instancePath, message, params }) => {
    const { requiredProperties } = params as { requiredProperties?: readonly string[] }
    if (requiredProperties) return { pointer: `${instancePath}/${requiredProperties[0]}`, detail: 'is required' }
    return { pointer: instancePath || '/', detail: message }
  })
}

/**
 * What forbids an edit. The value must fit its topic; fields that say which event it is stay as they are, unless they
 * were never fit; and a text must stay what was paid for.
 */
export function editFaults(topic: string, before: Buffer | null, after: Buffer): ProblemPointer[] {
  const faults = faultsOf(topic, after)
  if (faults.length > 0) return faults
  const { identity } = FORMS.get(topic)!
  const [was, is] = [Object(parse(before)) as Record<string, unknown>, parse(after) as Record<string, unknown>]
  const changed = identity
    .filter((field) => was[field] !== is[field] && fitsField(topic, field, was[field]))
    .map((field) => ({
      pointer: `/${field}`,
      detail: `must stay ${JSON.stringify(was[field])}: it says which event it is`,
    }))
  return [...changed, ...(topic === TOPICS.delivery ? textFaults(is as unknown as DeliveryTask) : [])]
}

/** Whether a value is one that this field may have. */
export function fitsField(topic: string, field: string, value: unknown): boolean {
  const property = FORMS.get(topic)!.schema.properties[field]
  return property !== undefined && value !== undefined && Compile(property).Check(value)
}

function textFaults({ message, encoding, segments }: DeliveryTask): ProblemPointer[] {
  const needed = segment(message, encoding)
  if (!needed)
    return [{ pointer: '/encoding', detail: `lacks a character of this text; ${segment(message).encoding} has all` }]
  if (needed.segments <= segments) return []
  return [{ pointer: '/message', detail: `takes ${needed.segments} segments, and ${segments} are paid for` }]
}

function parse(value: Buffer | null): unknown {
  try {
    return JSON.parse(decodeUtf8(value ?? Buffer.alloc(0)))
  } catch {
    return undefined
  }
}

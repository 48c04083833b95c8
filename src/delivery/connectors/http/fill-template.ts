import { PLACEHOLDER } from './http-settings.ts'

/** Values by the names that templates use. A null is not there: what consists of it alone is left out. */
export type TemplateValues = ReadonlyMap<string, string | number | boolean | null>

const ALONE = /^\{([a-z_]+(?:\.[a-z0-9_]+)?)\}$/

/** A template that references an unknown variable. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

/** A text with its `{names}` replaced, each value through `encode`. Null if it consists of a null alone. */
export function fillText(
  template: string,
  values: TemplateValues,
  encode: (value: string) => string = String,
): string | null {
  const alone = ALONE.exec(template)
  if (alone && lookUp(values, alone[1]!) === null) return null
  return template.replace(PLACEHOLDER, (_, name: string) => encode(String(lookUp(values, name) ?? '')))
}

/** A JSON template: a text that is one `{name}` alone becomes the value itself, a number as a number. */
export function fillJson(template: unknown, values: TemplateValues): unknown {
  if (typeof template === 'string') {
    const alone = ALONE.exec(template)
    return alone ? (lookUp(values, alone[1]!) ?? undefined) : fillText(template, values)
  }
  if (Array.isArray(template))
    return template.map((each) => fillJson(each, values)).filter((each) => each !== undefined)
  if (typeof template !== 'object' || template === null) return template
  const filled: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(template)) {
    const value = fillJson(each, values)
    if (value !== undefined) filled[name] = value
  }
  return filled
}

/** A table of templates; those that come to nothing are left out. */
export function fillTable(templates: Readonly<Record<string, string>>, values: TemplateValues): Record<string, string> {
  const filled: Record<string, string> = {}
  for (const [name, template] of Object.entries(templates)) {
    const text = fillText(template, values)
    if (text !== null) filled[name] = text
  }
  return filled
}

function lookUp(values: TemplateValues, name: string): string | number | boolean | null {
  const value = values.get(name)
  if (value === undefined) throw new TemplateError(`a template names "${name}", and there is no such value`)
  return value
}

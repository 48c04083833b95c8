import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { LineCounter, parseDocument } from 'yaml'
import { ExpectedError } from './expected-error.ts'

/** A file that is not YAML, or not of its form. The message begins with the file and the line. */
class YamlFileError extends ExpectedError {
  override readonly name = 'YamlFileError'
}

export interface YamlFile<Value> {
  readonly value: Value
  /** An error at the place that a JSON pointer names. */
  faultAt(pointer: string, what: string): YamlFileError
}

/** Parses and checks a file. Throws YamlFileError that names the line and what is wrong there. */
export function parseYamlFile<Schema extends TSchema>(
  schema: Schema,
  source: string,
  path: string,
): YamlFile<Static<Schema>> {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines })
  const [syntax] = document.errors
  if (syntax) throw new YamlFileError(`${path}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message}`)

  const lineOf = (pointer: string): number => {
    const steps = pointer.split('/').slice(1)
    for (let depth = steps.length; depth > 0; depth--) {
      const node = document.getIn(steps.slice(0, depth), true) as { range?: [number, number, number] } | undefined
      if (node?.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const faultAt = (pointer: string, what: string): YamlFileError =>
    new YamlFileError(`${path}:${lineOf(pointer)}: ${pointer || '/'} ${what}`)

  const value: unknown = document.toJS()
  const fault = firstFault(schema, value)
  if (fault) throw faultAt(fault.pointer, fault.what)
  return { value: value as Static<Schema>, faultAt }
}

/** The first thing that keeps a value from being of a schema, and where; null if nothing does. */
export function firstFault(schema: TSchema, value: unknown): { pointer: string; what: string } | null {
  const checker = Compile(schema)
  if (checker.Check(value)) return null
  const [first] = checker.Errors(value)
  const { keyword, instancePath = '', message = 'is not valid' } = first ?? {}
  return { pointer: instancePath, what: keyword === 'boolean' ? 'is not a known field' : message }
}

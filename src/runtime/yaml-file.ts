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
  /** Throws YamlFileError if a value of the file, at that pointer, is not of a schema. */
  check(schema: TSchema, pointer: string, value: unknown): void
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

  const check = (form: TSchema, pointer: string, what: unknown): void => {
    const checker = Compile(form)
    if (checker.Check(what)) return
    const [first] = checker.Errors(what)
    const { keyword, instancePath = '', message = 'is not valid' } = first ?? {}
    throw faultAt(`${pointer}${instancePath}`, keyword === 'boolean' ? 'is not a known field' : message)
  }
  const value: unknown = document.toJS()
  check(schema, '', value)
  return { value: value as Static<Schema>, faultAt, check }
}

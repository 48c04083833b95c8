import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { ExpectedError } from '../../../runtime/expected-error.ts'
import { HttpDescription, type HttpSettings } from './http-settings.ts'

/** Settings of an HTTP operator that do not come to a whole description; where, as a JSON pointer into them, and what. */
export class HttpDescriptionError extends ExpectedError {
  override readonly name = 'HttpDescriptionError'
  readonly pointer: string
  readonly what: string

  constructor(pointer: string, what: string) {
    super(`http${pointer} ${what}`)
    this.pointer = pointer
    this.what = what
  }
}

const AGGREGATORS = join(import.meta.dirname, 'aggregators')
const checker = Compile(HttpDescription)

/**
 * The description that an operator's settings come to: the ready one that they name, with what they change of it, object
 * by object; lists and values are replaced. Throws HttpDescriptionError that names the place.
 */
export function describeHttp({ use, secrets: _, ...own }: HttpSettings): HttpDescription {
  const ready = use ? (parse(readFileSync(join(AGGREGATORS, `${use}.yaml`), 'utf8')) as object) : {}
  const description: unknown = merge(ready, own)
  if (!checker.Check(description)) {
    const [first] = checker.Errors(description)
    throw new HttpDescriptionError(first?.instancePath ?? '', first?.message ?? 'is not valid')
  }
  const { request, answer, receipts } = description
  if (request.form && request.json) throw new HttpDescriptionError('/request', 'has `form` and `json`: one is sent')
  if ((answer.code === undefined) !== (answer.taken === undefined)) {
    throw new HttpDescriptionError('/answer', 'needs `code` and `taken` together')
  }
  const push = receipts?.push
  if (push && !push.signature && !push.token && !push.addresses) {
    throw new HttpDescriptionError('/receipts/push', 'needs `signature`, `token` or `addresses`: anyone could call')
  }
  return description
}

/** Values of the secrets that an operator's settings name. Throws HttpDescriptionError for one that is not there. */
export function readSecrets({ secrets = {} }: HttpSettings, env: NodeJS.ProcessEnv): Map<string, string> {
  const values = new Map<string, string>()
  for (const [name, place] of Object.entries(secrets)) {
    const value = 'env' in place ? env[place.env] : readSecretFile(name, place.file)
    if (!value)
      throw new HttpDescriptionError(`/secrets/${name}`, `${'env' in place ? place.env : place.file} is empty`)
    values.set(name, value)
  }
  return values
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd()
  } catch (error) {
    throw new HttpDescriptionError(`/secrets/${name}`, `cannot be read: ${(error as Error).message}`)
  }
}

function merge(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above
  const merged: Record<string, unknown> = { ...below }
  for (const [name, value] of Object.entries(above)) {
    if (value !== undefined) merged[name] = merge(merged[name], value)
  }
  return merged
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

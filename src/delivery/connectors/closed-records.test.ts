import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { operatorSchema } from '../../operators/operator-schema.ts'
import { parseOperators } from '../../operators/operators-file.ts'
import { RouteSchema } from '../../operators/route-schema.ts'
import { CONNECTORS } from './connectors.ts'
import { HttpDescription } from './http/http-settings.ts'

/** The patterns of names in a schema whose object takes names of any other form as well, with any value. */
function openPatterns(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { patternProperties, additionalProperties } = schema as Record<string, unknown>
  const patterns = Object.keys(patternProperties ?? {}).filter((pattern) => pattern !== '^.*$')
  return [...(additionalProperties === false ? [] : patterns), ...Object.values(schema).flatMap(openPatterns)]
}

test.each<[string, TSchema]>([
  ...Object.entries(CONNECTORS).map(([name, { settings }]): [string, TSchema] => [
    name,
    operatorSchema(name, settings),
  ]),
  ['HTTP description', HttpDescription],
  ['route', RouteSchema],
])('%s: a name that is not of its form is refused, not left unchecked', (_, schema) => {
  expect(openPatterns(schema)).toEqual([])
})

const HTTP = 'request: {url: "https://x.example"}, answer: {id: /id}'

test.each([
  ['a secret in the file itself', `http: {${HTTP}, secrets: {API-KEY: s3cret}}`, 'http/secrets/API-KEY'],
  ['a status that is none', `http: {${HTTP}, errors: {statuses: {6xx: rejected}}}`, 'http/errors/statuses/6xx'],
  ['a field without a name', `http: {request: {url: "https://x.example", form: {"": a}}, answer: {id: /id}}`, 'form/'],
  ['the share of an unnamed customer', `http: {${HTTP}}, customers: {"": 1}`, 'customers/'],
])('%s is refused with its place', (_, settings, place) => {
  const source = `operators:
  odd: {connector: http, ${settings}, window: 5, response_timeout_ms: 1000, on_ambiguous: hold}
routes: [{prefix: "", operator: odd, price: 1}]`
  expect(() => parseOperators(source, 'f.yaml', CONNECTORS)).toThrow(place)
  expect(() => parseOperators(source, 'f.yaml', CONNECTORS)).toThrow(/^f\.yaml:2: /)
})

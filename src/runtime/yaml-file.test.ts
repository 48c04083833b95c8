import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { ExpectedError } from './expected-error.ts'
import { firstFault, parseYamlFile } from './yaml-file.ts'

const Schema = Type.Object(
  { list: Type.Array(Type.Object({ name: Type.String() }, { additionalProperties: false })) },
  { additionalProperties: false },
)
const parse = (source: string) => parseYamlFile(Schema, source, 'some.yaml')

test('a file is its value', () => {
  expect(parse('list:\n  - name: a').value).toEqual({ list: [{ name: 'a' }] })
})

test.each([
  ['list: [', /^some\.yaml:1: /],
  ['list:\n  - name: a\n  - name: [', /^some\.yaml:3: /],
  ['', /^some\.yaml:1: \/ must be object$/],
  ['list:\n  - name: a\n  - name: 1', /^some\.yaml:3: \/list\/1\/name must be string$/],
  ['list:\n  - name: a\n  - name: b\n    more: c', /^some\.yaml:4: \/list\/1\/more is not a known field$/],
])('%j is refused with its line', (source, message) => {
  expect(() => parse(source)).toThrow(message)
  expect(() => parse(source)).toThrow(ExpectedError)
})

test('a fault that a reader finds is reported at its line, or at the line of the nearest existing place', () => {
  const { faultAt } = parse('\nlist:\n  - name: a\n  - name: b')
  expect(faultAt('/list/1/name', 'is taken').message).toBe('some.yaml:4: /list/1/name is taken')
  expect(faultAt('/list/0/price', 'is missing').message).toBe('some.yaml:3: /list/0/price is missing')
  expect(faultAt('', 'is too short')).toMatchObject({ name: 'YamlFileError', message: 'some.yaml:1: / is too short' })
})

test('a value of its schema has no fault', () => {
  expect(firstFault(Schema, { list: [] })).toBeNull()
  expect(firstFault(Schema, { list: 1 })).toEqual({ pointer: '/list', what: 'must be array' })
})

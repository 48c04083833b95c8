import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonObjectText, memberText } from './embedded-json.ts'

/** Names and texts full of what divides JSON. */
const odd = fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', '\n', 'a', 'é'), maxLength: 6 })
const objects = fc.dictionary(odd, fc.oneof(odd, fc.jsonValue({ maxDepth: 3 })))

test('a member of an object is found as it is written, however it is indented and whatever is in it', () => {
  fc.assert(
    fc.property(objects, fc.nat(3), odd, (object, indent, other) => {
      const text = JSON.stringify(object, null, indent)
      for (const [name, value] of Object.entries(object)) {
        expect(memberText(text, name)?.trim()).toBe(indentedOnce(value, indent))
      }
      if (!Object.hasOwn(object, other)) expect(memberText(text, other)).toBeUndefined()
    }),
  )
})

/** As a member of the outermost object is written. */
function indentedOnce(value: unknown, indent: number): string {
  return JSON.stringify({ value }, null, indent)
    .slice(1, -1)
    .trim()
    .replace(/^"value":/, '')
    .trim()
}

test.each([
  ['{"a":1,"a": 2 }', ' 2 '],
  ['{"\\u0061":7091800003790954036}', '7091800003790954036'],
  ['{"b":{"a":1},"a":[{"a":2},"a"],"c":"a"}', '[{"a":2},"a"]'],
  ['{"b":["a",1,{"a":1}]}', undefined],
  ['{"b":"a","c":1}', undefined],
  ['{}', undefined],
])('the member "a" of %s is %j', (text, member) => {
  expect(memberText(text, 'a')).toBe(member)
})

test('an object is taken as it is written; what is none is not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
      const text = `\t\r\n ${JSON.stringify(value, null, indent)}\n`
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      expect(jsonObjectText(Buffer.from(text))).toBe(isObject ? text : null)
    }),
  )
})

test.each([
  ['not UTF-8', Buffer.from('{"a":"\xe9"}', 'latin1')],
  ['two objects', '{}{}'],
  ['broken off', '{"a":1'],
  ['a text of braces', '"{}"'],
  ['behind a character', 'x{}'],
  ['behind a blank that JSON does not have', '\u00a0{}'],
  ['nothing', ''],
])('%s is no object', (_, value) => {
  expect(jsonObjectText(Buffer.from(value as string))).toBeNull()
})

test('a hundred levels are taken, of objects and of lists, and one more is not', () => {
  const nested = (levels: number, open: string, close: string): Buffer =>
    Buffer.from(`{"a":${open.repeat(levels - 1)}1${close.repeat(levels - 1)},"b":[[]]}`)
  for (const [open, close] of [
    ['[', ']'],
    ['{"x":', '}'],
  ] as const) {
    expect(jsonObjectText(nested(100, open, close))).toBe(nested(100, open, close).toString())
    expect(jsonObjectText(nested(101, open, close))).toBeNull()
  }
  const wide = `{"a":[${'[],{},'.repeat(500)}1],"b":"${'{['.repeat(500)}"}`
  expect(jsonObjectText(Buffer.from(wide))).toBe(wide)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../../domain/errors.ts'
import { findDuplicateName } from './duplicate-names.ts'
import { parseJson } from './read-json-body.ts'

function refusal(body: string | Buffer): Problem {
  try {
    parseJson(Buffer.from(body as string))
  } catch (error) {
    expect(error).toBeInstanceOf(Problem)
    return error as Problem
  }
  throw new Error('it was read')
}

test('whatever JSON can say is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.nat(3), (json, indent) => {
      const text = JSON.stringify(JSON.parse(json), null, indent)
      expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text))
    }),
    { numRuns: 2_000 },
  )
})

test('C5: a byte that is not UTF-8 is refused with its place, and never replaced', () => {
  const body = Buffer.from('{"to":"+989000000001","text":"caf\xe9"}', 'latin1')
  const at = body.indexOf(0xe9)
  expect(refusal(body)).toMatchObject({ code: 'invalid-request', message: expect.stringContaining(`byte E9 at ${at}`) })
  expect(refusal(Buffer.from([0x22, 0xc3])).message).toContain('not UTF-8')
})

test.each([
  ['{"a":1,"a":2}', '/a'],
  ['{"messages":[{"to":1},{"to":2,"x":{"~/":1,"\\u007e\\/":2}}]}', '/messages/1/x/~0~1'],
  ['{"a":{"__proto__":1},"b":{"__proto__":1,"__proto__":2}}', '/b/__proto__'],
  ['{"a":"\\\\","a"  :  "\\""}', '/a'],
  [`{"a":1,"a"${' '.repeat(200)}:2}`, '/a'],
])('a duplicate name is found: %s', (text, pointer) => {
  expect(findDuplicateName(text, JSON.parse(text))).toBe(pointer)
  expect(refusal(text).pointers).toEqual([{ pointer, detail: 'is in the body twice' }])
})

test('what is no JSON is refused in a few clean words', () => {
  const problem = refusal(`{"a": ${'\u0007'.repeat(5_000)}`)
  expect(problem.message.length).toBeLessThan(300)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(problem.message).not.toMatch(/[\u0000-\u001f]/)
})

test('a byte-order mark is ignored, nothing is nothing, and depth costs no stack', () => {
  expect(parseJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 })
  expect(parseJson(Buffer.alloc(0))).toBeUndefined()
  const deep = `${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`
  expect(() => parseJson(Buffer.from(deep))).not.toThrow()
  expect(() => parseJson(Buffer.from('['.repeat(100_000)))).toThrow(Problem)
})

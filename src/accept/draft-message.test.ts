import fc from 'fast-check'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { VALIDATOR_OPTIONS } from '../api/body/validator-options.ts'
import { Problem } from '../domain/errors.ts'
import { isClean } from '../domain/text/clean-text.ts'
import { type DraftRules, draftMessage, MessageRequest } from './draft-message.ts'

const RULES: DraftRules = {
  route: ({ phone, sender }) => {
    if (!phone.startsWith('+98')) throw new Problem('no-route', 'none')
    return { operator: 'mci', price: 120, sender, why: 'mci: prefix 98', mccMnc: '432-11' }
  },
  segmentsMax: 3,
  expressAllowed: true,
  sendAheadDaysMax: 30,
}

test('a message is checked, routed and priced by segment', () => {
  const draft = draftMessage({ to: '0098 912 123 4567', text: 'a'.repeat(200), valid_for: 60 }, RULES, 1_000)
  expect(draft).toMatchObject({
    phone: '+989121234567',
    segments: 2,
    cost: 240,
    operator: 'mci',
    route: 'mci: prefix 98',
    mccMnc: '432-11',
    priority: 1,
    validUntilMs: 61_000,
  })
})

test.each([
  [{ to: '12', text: 'x' }, 'invalid-phone'],
  [{ to: '+989121234567', text: '' }, 'invalid-text'],
  [{ to: '+989121234567', text: 'a'.repeat(1_000) }, 'invalid-text'],
  [{ to: '+491701234567', text: 'x' }, 'no-route'],
])('%j is refused as %s', (request, code) => {
  expect(() => draftMessage(request, RULES, 0)).toThrow(expect.objectContaining({ code }))
})

/** Whether the API takes a body to the handler, by the options that it has. */
async function schemaCheck(): Promise<(body: unknown) => boolean> {
  const app = Fastify({ ajv: { customOptions: VALIDATOR_OPTIONS } })
  app.post('/', { schema: { body: MessageRequest } }, async () => '')
  await app.ready()
  const validate = app.validatorCompiler!({ schema: MessageRequest, method: 'POST', url: '/', httpPart: 'body' })
  await app.close()
  return (body) => validate(body) === true
}

const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('\0', '\t', '\n', '\r', '\x7f', '\u0085', '\u2028', 'a', 'é', '\u{1f600}'),
)
const note = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 45 }) },
  fc.string({ unit: character, maxLength: 45 }),
  fc.constantFrom('__proto__', 'a'.repeat(501), ''),
)

test('the schema refuses exactly the notes that the handler would refuse: neither is stricter', async () => {
  const isOfSchema = await schemaCheck()
  const seed = Date.now() % 1_000_000
  console.log(`seed ${seed}`)
  const message = fc.record({ client_ref: note, name: note, value: note })
  let taken = 0
  fc.assert(
    fc.property(message, ({ client_ref, name, value }) => {
      const metadata = Object.fromEntries([[name, value]])
      const body = { to: '+989121234567', text: 'x', client_ref, metadata }
      const isStorable =
        isClean(client_ref) && isClean(name) && name !== '__proto__' && isClean(value.replace(/[\t\r\n]/g, ' '))
      const chars = (text: string): number => [...text].length
      const hasLengths =
        chars(client_ref) >= 1 &&
        chars(client_ref) <= 128 &&
        chars(name) >= 1 &&
        chars(name) <= 40 &&
        chars(value) <= 500
      expect(isOfSchema(body)).toBe(isStorable && hasLengths)
      if (!isOfSchema(body)) return
      taken++
      expect(draftMessage(body, RULES, 0)).toMatchObject({ clientRef: client_ref, metadata })
    }),
    { seed, numRuns: 3_000 },
  )
  expect(taken).toBeGreaterThan(100)
})

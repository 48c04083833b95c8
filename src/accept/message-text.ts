import { type Static, Type } from 'typebox'
import { Problem } from '../domain/errors.ts'
import { ENCODINGS, LANGUAGES } from '../domain/text/encodings.ts'
import { lackingCharacters } from '../domain/text/lacking.ts'
import { nameCharacter } from '../domain/text/name-character.ts'
import { type Encoding, type Segmentation, segment } from '../domain/text/segments.ts'
import { toGsmLookAlikes } from '../domain/text/smart-text.ts'

const LACKING_MAX = 5
/** What one segment can hold at most, in any encoding. */
const SEGMENT_CHARACTERS_MAX = 160

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u0084\u0086-\u009f]/

/** How a text is to travel: fields of a message request (docs/text.md). */
export const TextOptions = {
  encoding: Type.Optional(
    Type.Enum(['auto', ...ENCODINGS], {
      default: 'auto',
      description: 'GSM 7-bit if all characters are in it, else UCS-2; or a certain one, which must have all of them',
    }),
  ),
  languages: Type.Optional(
    Type.Array(Type.Enum(LANGUAGES), {
      maxItems: LANGUAGES.length,
      description: 'With `auto`: national tables that may be used where they save a segment. Not all phones have them',
    }),
  ),
  smart: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Replace typographic characters by look-alikes if the whole text fits GSM 7-bit then',
    }),
  ),
  flash: Type.Optional(Type.Boolean({ default: false, description: 'Show at once, and do not keep' })),
}

/** What JSON Schema can say of `text`, which must have the characters of an encoding that was chosen. */
export const TextFitsEncoding = {
  if: { properties: { encoding: { type: 'string', not: { enum: ['auto', 'ucs2'] } } }, required: ['encoding'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { text: { type: 'string', format: 'sms-text-of-encoding' } } },
  else: { properties: { text: { type: 'string', format: 'sms-text' } } },
}

const TextFields = Type.Object({ text: Type.String(), ...TextOptions })
type TextFields = Static<typeof TextFields>

/** A text as it will be sent. */
export interface MessageText {
  readonly text: string
  /** Whether it is another than the one given. */
  readonly textChanged: boolean
  readonly segmentation: Segmentation
}

/** Encodes a text as its request wishes. Throws Problem; `pointer` is the message's place in the request's body. */
export function readText(request: TextFields, segmentsMax: number, pointer: string): MessageText {
  const { encoding = 'auto', languages, smart } = request
  // Before anything that takes long for a long text.
  if (request.text.length > segmentsMax * SEGMENT_CHARACTERS_MAX) {
    throw tooLong(pointer, segment(request.text).segments, segmentsMax)
  }
  const fault = findUnsendable(request.text)
  if (fault !== null) throw invalid(pointer, fault)
  const replaced = smart && (encoding === 'auto' || encoding === 'gsm7') ? toGsmLookAlikes(request.text) : null
  const text = replaced ?? request.text
  const segmentation = encoding === 'auto' ? chooseEncoding(text, languages) : segment(text, encoding)
  if (!segmentation) throw invalid(pointer, describeLacking(text, encoding as Encoding))
  const { segments } = segmentation
  if (segments === 0) throw invalid(pointer, 'is empty')
  if (segments > segmentsMax) throw tooLong(pointer, segments, segmentsMax)
  return { text, textChanged: replaced !== null, segmentation }
}

/**
 * The first character that no phone shows, and its place; null if there is none. Control characters other than tab, line
 * breaks and form feed come from a text that was read in the wrong code page, and halves of a character from one that
 * was cut within it: both would be charged and arrive as rubbish.
 */
export function findUnsendable(text: string): string | null {
  const index = text.search(CONTROL)
  if (index >= 0) return `has a control character ${nameCharacter(text[index]!)} at ${index}`
  if (text.isWellFormed()) return null
  const half = text.search(/\p{Surrogate}/u)
  return `has half of a character ${nameCharacter(text[half]!)} at ${half}`
}

/** National tables only where they save a segment: every phone reads UCS-2. */
function chooseEncoding(text: string, languages: TextFields['languages'] = []): Segmentation {
  let best = segment(text)
  if (best.encoding === 'gsm7') return best
  for (const language of languages) {
    const national = segment(text, `gsm7-${language}`)
    if (national && national.segments < best.segments) best = national
  }
  return best
}

function invalid(pointer: string, detail: string): Problem {
  return new Problem('invalid-text', `The text ${detail}.`, [{ pointer: `${pointer}/text`, detail }])
}

function tooLong(pointer: string, segments: number, segmentsMax: number): Problem {
  return invalid(pointer, `has ${segments} segments; ${segmentsMax} is the most`)
}

function describeLacking(text: string, encoding: Encoding): string {
  const lacking = lackingCharacters(text, encoding, LACKING_MAX).map(
    ({ character, index }) => `${nameCharacter(character)} at ${index}`,
  )
  return `does not fit ${encoding}: it has ${lacking.join(', ')}`
}

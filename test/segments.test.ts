import { SegmentedMessage } from 'sms-segments-calculator'
import { expect, test } from 'vitest'
import { seededRandom } from '../bench/clients/seeded-random.ts'
import { type Segmentation, segment } from '../src/domain/text/segments.ts'

/*
  Our segments beside those of sms-segments-calculator, which Twilio publishes. They differ in three ways:
  - `empty`: an empty text is one segment to it, and none to the gateway, which refuses to send it.
  - `whole-graphemes`: it never divides what is read as one character (an emoji with its modifiers, a character with its
    marks), though the segment stay nearly empty. Phones put the parts together before they show them, so we divide one
    rather than charge another segment, and keep it whole where that costs nothing (`splitText`).
  - `endless-grapheme`: one that is longer than a segment it counts as one all the same, which no network would carry.
*/
type Difference = 'empty' | 'whole-graphemes' | 'endless-grapheme'

const TEXTS = Number(process.env.SEGMENT_TEXTS ?? 10_000)
const SEED = Number(process.env.SEGMENT_SEED ?? Date.now() % 2 ** 31)
const UCS2_PART = 67

const ALPHABETS: readonly (readonly string[])[] = [
  [...'aZ 09.,\n\r@£$¥èéΔΩ_Çñ¿'],
  [...'^{}\\[~]|€\f'],
  ['\r\n', '\r', '\n'],
  [...'سلام کد ورود ۱۲۳ ٤٥٦ يك'],
  [...'`çÇáłß–“”…\t\0\u200b\u00a0'],
  ['👍🏽', '👨‍👩‍👧', '🇮🇷', '1️⃣', '❤️', '😀'],
  ['e\u0301', 'क्षि', '각', '\u0301', '\u200d', '\u200c', 'می\u200cخواهم'],
  ['\ud83d', '\ude00', '𝔘', 'x'],
]
/** Lengths at which a segment more or less is decided. */
const LIMITS = [1, 35, 67, 70, 80, 134, 153, 160, 201, 306, 459]

function drawText(random: () => number): string {
  const below = (count: number): number => Math.floor(random() * count)
  const alphabets = ALPHABETS.filter(() => random() < 0.3)
  const main = ALPHABETS[random() < 0.8 ? below(4) : below(ALPHABETS.length)]!
  const length = random() < 0.5 ? below(60) : Math.max(0, LIMITS[below(LIMITS.length)]! + below(9) - 4)
  if (random() < 0.01) return `${main[0]}${'\u0301'.repeat(length)}`
  let text = ''
  while (text.length < length) {
    const alphabet = random() < 0.1 && alphabets.length > 0 ? alphabets[below(alphabets.length)]! : main
    text += alphabet[below(alphabet.length)]
  }
  return text
}

/** Why the two count differently; null if nothing of the above explains it. */
function explain(text: string, ours: Segmentation, peer: SegmentedMessage): Difference | null {
  if (text === '') return 'empty'
  if (ours.encoding !== 'ucs2') return null
  if (peer.graphemes.some((grapheme) => grapheme.length > UCS2_PART)) return 'endless-grapheme'
  let [segments, used] = [1, 0]
  for (const { length } of peer.graphemes) {
    if (used + length > UCS2_PART) {
      segments++
      used = 0
    }
    used += length
  }
  return peer.segmentsCount === segments && segments > ours.segments ? 'whole-graphemes' : null
}

test(`${TEXTS} random texts take as many segments as for another calculator, or we know why not`, {
  timeout: 300_000,
}, () => {
  const random = seededRandom(SEED)
  const differences: Record<Difference, number> = { empty: 0, 'whole-graphemes': 0, 'endless-grapheme': 0 }
  const unexplained: unknown[] = []
  for (let n = 0; n < TEXTS; n++) {
    const text = drawText(random)
    const asUcs2 = random() < 0.1
    const ours = asUcs2 ? segment(text, 'ucs2')! : segment(text)
    const peer = new SegmentedMessage(text, asUcs2 ? 'UCS-2' : 'auto')
    const bits = ours.encoding === 'ucs2' ? 16 : 7
    const isSameText =
      (peer.encodingName === 'UCS-2') === (ours.encoding === 'ucs2') && peer.messageSize === bits * ours.units
    const difference = peer.segmentsCount === ours.segments ? 'none' : explain(text, ours, peer)
    if (difference === null || !isSameText) {
      unexplained.push({ text, ours, theirs: { segments: peer.segmentsCount, encoding: peer.encodingName } })
    } else if (difference !== 'none') {
      differences[difference]++
    }
  }
  console.log({ texts: TEXTS, seed: SEED, ...differences })
  expect(unexplained).toEqual([])
})

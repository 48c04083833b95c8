/** Spellings of one and the same number that operators are known for. */
export const ID_FORMS = ['decimal', 'decimal-padded', 'hex', 'hex-upper', 'hex-padded'] as const
export type IdForm = (typeof ID_FORMS)[number]

/** Wide enough for every id, and for zeros before it. */
const PADDED_DIGITS = 20
/** Ids of a run begin here, by the millisecond in which it begins, so that no two runs give the same one. */
const IDS_PER_MS = 4_096

/** The ids of one run: whole numbers that rise by one. */
export class MessageIds {
  #last: number

  constructor(startMs: number) {
    this.#last = startMs * IDS_PER_MS
  }

  next(): number {
    return ++this.#last
  }
}

export function spellId(id: number, form: IdForm): string {
  switch (form) {
    case 'decimal':
      return String(id)
    case 'decimal-padded':
      return String(id).padStart(PADDED_DIGITS, '0')
    case 'hex':
      return id.toString(16)
    case 'hex-upper':
      return id.toString(16).toUpperCase()
    case 'hex-padded':
      return id.toString(16).padStart(PADDED_DIGITS, '0')
  }
}

/** The number that a spelling means, NaN if it is none. */
export function readId(spelling: string, form: IdForm): number {
  const radix = form.startsWith('hex') ? 16 : 10
  const digits = radix === 16 ? /^[0-9a-fA-F]+$/ : /^[0-9]+$/
  return digits.test(spelling) ? Number.parseInt(spelling, radix) : Number.NaN
}

/** A dead letter by its own place in `sms.dlq`. */
export interface LetterPlace {
  readonly partition: number
  readonly offset: number
}

/** As people name it: `3-1042` is partition 3, offset 1042. */
export function letterId({ partition, offset }: LetterPlace): string {
  return `${partition}-${offset}`
}

/** Null for what cannot be the id of a dead letter. */
export function parseLetterId(text: string): LetterPlace | null {
  const [, partition, offset] = /^(\d{1,6})-(\d{1,15})$/.exec(text) ?? []
  return partition === undefined ? null : { partition: Number(partition), offset: Number(offset) }
}

import { unknownDeadLetter } from './dlq-error.ts'

/** A dead letter by its own place in `sms.dlq`. */
export interface DeadLetterPlace {
  readonly partition: number
  readonly offset: number
}

/** As people name it: `3-1042` is partition 3, offset 1042. */
export function deadLetterId({ partition, offset }: DeadLetterPlace): string {
  return `${partition}-${offset}`
}

/** Throws DlqError for what cannot be the id of a dead letter. */
export function parseDeadLetterId(text: string): DeadLetterPlace {
  const [, partition, offset] = /^(\d{1,6})-(\d{1,15})$/.exec(text) ?? []
  if (partition === undefined) throw unknownDeadLetter(text)
  return { partition: Number(partition), offset: Number(offset) }
}

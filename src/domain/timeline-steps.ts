import { STATES, STATUSES, type Status } from './status.ts'

/** A step of a message's timeline, as its states are stored and shown. */
export interface TimelineStep {
  readonly status: Status
  /** ISO 8601, UTC, milliseconds. */
  readonly at: string
  readonly attempt?: number
}

/*
  Timelines are read rarely and kept in millions, so each is stored in as few characters as can still be read by eye:
  a line a step, `<status><milliseconds><.attempt><more>`. The status is one character, the time is base 36, of the first
  step since 1970 and of each other since the one before, or since 1970 behind `=`; `more` is JSON of whatever else there is.
    gmx2kc8os.1{"operator":"mci","route":"prefix 98912"}
    t6y.1
    d3ft.1
*/
const STATUS_OF = new Map(STATUSES.map((status) => [STATES[status].letter, status]))
const STEP = /^(?<letter>[a-z])(?<absolute>=)?(?<ms>-?[0-9a-z]+)(?:\.(?<attempt>\d+))?(?<more>\{.*)?$/s

/** Writes a timeline as `decodeSteps` reads it. A time that is not of milliseconds and UTC is kept as it is. */
export function encodeSteps(steps: readonly TimelineStep[]): string {
  let beforeMs = 0
  return steps
    .map(({ status, at, attempt, ...more }) => {
      const ms = Date.parse(at)
      const isExact = !Number.isNaN(ms) && new Date(ms).toISOString() === at
      const place = isExact ? ms : beforeMs
      const rest = isExact ? more : { ...more, at }
      const text = stepText(status, (place - beforeMs).toString(36), attempt, rest)
      beforeMs = place
      return text
    })
    .join('\n')
}

/** A line to append to what `encodeSteps` wrote, whatever its last step is. */
export function encodeStep(status: Status, atMs: number, attempt: number, more: object): string {
  return stepText(status, `=${atMs.toString(36)}`, attempt, more)
}

/** JSON has no line breaks of its own, so a line is a step. */
function stepText(status: Status, ms: string, attempt: number | undefined, more: object): string {
  const text = `${STATES[status].letter}${ms}${attempt === undefined ? '' : `.${attempt}`}`
  return Object.keys(more).length > 0 ? text + JSON.stringify(more) : text
}

/** Throws an Error for a text that `encodeSteps` did not write. */
export function decodeSteps<Step extends TimelineStep>(text: string): Step[] {
  let beforeMs = 0
  if (text === '') return []
  return text.split('\n').map((line) => {
    const { letter, absolute, ms, attempt, more } = STEP.exec(line)?.groups ?? {}
    const status = STATUS_OF.get(letter!)
    if (!status) throw new Error(`not a step of a timeline: ${line.slice(0, 80)}`)
    beforeMs = (absolute ? 0 : beforeMs) + Number.parseInt(ms!, 36)
    return {
      status,
      at: new Date(beforeMs).toISOString(),
      ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
      ...(more === undefined ? {} : (JSON.parse(more) as object)),
    } as Step
  })
}

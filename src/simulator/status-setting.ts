import type { Setting } from '../runtime/settings.ts'
import { type StatusName, WRITTEN_STATUS } from '../smpp/command-status.ts'

/** A command status by its name, or by its number as in `0x0400` for those that are a vendor's own. */
export function commandStatus(fallback: StatusName, doc: string): Setting<string> {
  const parse = (value: string): string => {
    if (WRITTEN_STATUS.test(value)) return value
    throw new Error('must be the name of a command status, as ESME_RSYSERR, or its number, as 0x0400')
  }
  return { parse, fallback, doc }
}

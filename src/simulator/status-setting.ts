import type { Setting } from '../runtime/settings.ts'
import { COMMAND_STATUS, type StatusName } from '../smpp/command-status.ts'

/** A command status by its name, or by its number as in `0x0400` for those that are a vendor's own. */
export function commandStatus(fallback: StatusName, doc: string): Setting<string> {
  const parse = (value: string): string => {
    if (value in COMMAND_STATUS || /^0x[0-9a-fA-F]{1,8}$/.test(value)) return value
    throw new Error('must be the name of a command status, as ESME_RSYSERR, or its number, as 0x0400')
  }
  return { parse, fallback, doc }
}

/** The number of what the setting above holds. */
export function statusCode(status: string): number {
  return status in COMMAND_STATUS ? COMMAND_STATUS[status as StatusName].code : Number(status)
}

import { userInfo } from 'node:os'
import { type Command, Option } from 'commander'
import { type DeadLetterFilter, ERROR_PART_LENGTH_MIN } from '../../dead-letters/dead-letter-filter.ts'
import { DEAD_LETTER_REASONS } from '../../events/dead-letter.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { parseDuration, parseTime } from '../../tools/groups/reset-target.ts'

export interface FilterOptions {
  readonly reason?: string
  readonly customer?: string
  readonly operator?: string
  readonly topic?: string
  readonly smsId?: string
  readonly error?: string
  readonly from?: string
  readonly last?: string
  readonly to?: string
}

/** The options by which dead letters are chosen. */
export function addFilterOptions(command: Command): Command {
  return command
    .addOption(new Option('--reason <reason>', 'why it could not be handled').choices(DEAD_LETTER_REASONS))
    .option('--customer <id>', 'of this customer')
    .option('--operator <name>', 'for this operator')
    .option('--topic <name>', 'from this topic, as in sms.delivery')
    .option('--sms-id <id>', 'of this message')
    .option('--error <text>', 'with this in the text of the error')
    .option('--from <time>', 'failed since, as in 2026-11-24T10:00:00Z')
    .option('--last <duration>', 'instead of --from: failed in the last 15m, 6h, 2d')
    .option('--to <time>', 'failed before')
}

/** Throws ExpectedError for what cannot be understood. */
export function filterOf(options: FilterOptions, state: DeadLetterFilter['state'], nowMs: number): DeadLetterFilter {
  const { reason, customer, operator, topic, smsId, error, from, last, to } = options
  if (error !== undefined && error.length < ERROR_PART_LENGTH_MIN) {
    throw new ExpectedError(`--error needs ${ERROR_PART_LENGTH_MIN} characters or more.`)
  }
  if (from !== undefined && last !== undefined) throw new ExpectedError('Use either --from or --last.')
  const fromMs = from === undefined ? last && nowMs - parseDuration(last) : parseTime(from, nowMs)
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(customer === undefined ? {} : { customerId: customer }),
    ...(operator === undefined ? {} : { operator }),
    ...(topic === undefined ? {} : { topic }),
    ...(smsId === undefined ? {} : { smsId: wholeNumber(smsId, '--sms-id') }),
    ...(error === undefined ? {} : { error }),
    ...(fromMs ? { fromMs } : {}),
    ...(to === undefined ? {} : { toMs: parseTime(to, nowMs) }),
  }
}

export function wholeNumber(text: string, option: string, least = 1): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number
  throw new ExpectedError(`${option} must be a whole number from ${least} on, not "${text}".`)
}

/** For commands that change something: the audit log has the name. */
export const BY_OPTION = ['--by <name>', 'your name in the audit log (default: the user of this machine)'] as const

/** The name of the person: as given, else of the user of this machine. Throws ExpectedError for a user without a name. */
export function actorOf({ by }: { readonly by?: string }): string {
  if (by !== undefined) return by
  try {
    return userInfo().username
  } catch {
    // A container may run as a user id that its list of users does not have.
    throw new ExpectedError('The user of this machine has no name: give yours with --by.')
  }
}

import { type CountryCode, getCountries, getCountryCallingCode, Metadata } from 'libphonenumber-js/max'

/** How the numbers of a calling code are formed, for all countries that share it. */
export interface NumberingPlan {
  readonly callingCode: string
  /** Digits that may follow the calling code. */
  readonly lengths: readonly number[]
  /** Bit n: a number of n digits in all, the calling code with them, is possible. */
  readonly lengthMask: number
  /** Whether these digits, which begin with 0, are a number of one of the countries as they are (Italy, Congo, …). */
  readonly keepsZero: (national: string) => boolean
  /** Whether a 0 is dialled before the digits at home, and left out abroad. */
  readonly hasTrunkZero: boolean
}

const CALLING_CODES_MAX = 999
/** Calling codes without a country: free phone, satellites, networks (ITU-T E.164, Annex to the list of codes). */
const NON_GEOGRAPHIC = ['800', '808', '870', '878', '881', '882', '883', '888', '979']
/** Kinds of numbers that may have a phone behind them. */
const KINDS = ['MOBILE', 'FIXED_LINE', 'FIXED_LINE_OR_MOBILE', 'PERSONAL_NUMBER', 'VOIP', 'PAGER', 'UAN'] as const

/** What the library knows of a plan and leaves out of its own types. */
interface LibraryPlan {
  possibleLengths(): number[]
  nationalNumberPattern(): string
  nationalPrefix(): string | undefined
  type(kind: (typeof KINDS)[number]): { possibleLengths(): number[] } | undefined
}

/** By calling code as a number: none begins with 0, and none begins with another. */
const PLANS: (NumberingPlan | undefined)[] = new Array(CALLING_CODES_MAX + 1)
for (const [callingCode, plans] of plansByCallingCode()) PLANS[Number(callingCode)] = merge(callingCode, plans)

/** The plan of the number whose calling code begins at `from`; undefined if no country has such a code. */
export function numberingPlanAt(text: string, from: number): NumberingPlan | undefined {
  if (text[from] === '0') return undefined
  let code = 0
  for (let index = from; index < from + 3 && index < text.length; index++) {
    code = code * 10 + text.charCodeAt(index) - 0x30
    const plan = PLANS[code]
    if (plan) return plan
  }
  return undefined
}

function plansByCallingCode(): Map<string, LibraryPlan[]> {
  const found = new Map<string, LibraryPlan[]>()
  const add = (callingCode: string, country: CountryCode | undefined): void => {
    const metadata = new Metadata() as unknown as {
      numberingPlan: LibraryPlan
      selectNumberingPlan(country?: CountryCode, callingCode?: string): void
    }
    metadata.selectNumberingPlan(country, callingCode)
    found.set(callingCode, [...(found.get(callingCode) ?? []), metadata.numberingPlan])
  }
  for (const country of getCountries()) add(getCountryCallingCode(country), country)
  for (const callingCode of NON_GEOGRAPHIC) add(callingCode, undefined)
  return found
}

function merge(callingCode: string, plans: readonly LibraryPlan[]): NumberingPlan {
  const lengths = [...new Set(plans.flatMap(lengthsOf))].sort((a, b) => a - b)
  const patterns = plans.map((plan) => new RegExp(`^(?:${plan.nationalNumberPattern()})$`))
  return {
    callingCode,
    lengths,
    lengthMask: lengths.reduce((mask, length) => mask | (1 << (length + callingCode.length)), 0),
    keepsZero: (national) => patterns.some((pattern) => pattern.test(national)),
    hasTrunkZero: plans.some((plan) => plan.nationalPrefix() === '0'),
  }
}

/**
 * Lengths alone, not ranges: a range that was opened after this library's data must not be refused. Lengths below those
 * of mobile numbers are left out, as they are numbers without their area code, or a mobile number that lost a digit.
 */
function lengthsOf(plan: LibraryPlan): number[] {
  const mobile = plan.type('MOBILE')?.possibleLengths() ?? []
  const all = KINDS.flatMap((kind) => plan.type(kind)?.possibleLengths() ?? [])
  if (mobile.length === 0) return all.length > 0 ? all : plan.possibleLengths()
  const shortest = Math.min(...mobile)
  return all.filter((length) => length >= shortest)
}

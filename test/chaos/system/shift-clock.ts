/*
  Loaded before a role's own code (`node --import`). The wall clock of a process is ahead, or behind for a negative
  number, by what CHAOS_CLOCK_SHIFTS says for one of its roles ("api=600000,status=-600000", in milliseconds). Timers and
  monotonic clocks are left as they are: those do not depend on the date of a machine.
*/
const shifts = (process.env.CHAOS_CLOCK_SHIFTS ?? '').split(',').map((pair) => pair.split('='))
const shiftMs = Number(shifts.find(([role]) => process.argv.includes(role!))?.[1] ?? 0)

const TrueDate = Date

class ShiftedDate extends TrueDate {
  constructor(...given: ConstructorParameters<typeof Date> | []) {
    if (given.length === 0) super(ShiftedDate.now())
    else super(...given)
  }

  static override now(): number {
    return TrueDate.now() + shiftMs
  }
}

if (shiftMs !== 0) globalThis.Date = ShiftedDate as DateConstructor

import type { Facts, Finding } from '../facts.ts'

/** A9: no log has a planted phone number, text or key in it. */
export function logsAreClean({ leaks }: Facts): Finding {
  return {
    check: 'A9',
    what: 'no log has a number, text or key',
    compared: 'log files of all processes and servers',
    count: leaks.filesRead,
    violations: leaks.found.map(({ file, line, what }) => `${file}:${line} has ${what}`),
  }
}

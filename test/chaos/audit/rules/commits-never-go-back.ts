import type { Facts, Finding } from '../facts.ts'

/** B: no group ever committed an offset below one that it had committed before. */
export function commitsNeverGoBack({ commits }: Facts): Finding {
  const { watched, history } = commits
  return {
    check: 'B',
    what: 'committed offsets never move back',
    compared: `${watched.looked} looks at all groups, __consumer_offsets`,
    count: history.looked,
    violations: [...watched.back, ...history.back].map(({ place, from, to }) => `${place} went from ${from} to ${to}`),
  }
}

import type { Facts, Finding } from '../facts.ts'
import { writtenCommit } from '../offset-moves.ts'

/**
 * B: no group ever committed an offset below one that it had committed before, and no broker lost a commit.
 *
 * A broker that takes over a group answers with what lies before its high watermark, and after a crash that is the one
 * of its last checkpoint, up to 5 s old, until the followers have fetched. So a look may see an old offset although
 * nothing was lost; then the history has the commit that was seen before it, in its place.
 */
export function commitsNeverGoBack({ commits }: Facts): Finding {
  const { watched, history } = commits
  const lost = watched.back.filter(({ place, from }) => !history.written.has(writtenCommit(place, from)))
  return {
    check: 'B',
    what: 'committed offsets never move back',
    compared: `${watched.looked} looks at all groups (${watched.back.length - lost.length} old answers), __consumer_offsets`,
    count: history.looked,
    violations: [...lost, ...history.back].map(({ place, from, to }) => `${place} went from ${from} to ${to}`),
  }
}

import type { Health } from '../../runtime/health.ts'
import type { Answer, Question } from './supervision-messages.ts'

/** Whether a supervisor started this process. */
export function isSupervised(): boolean {
  return process.send !== undefined
}

/** What a process reports to its supervisor while it starts. */
export function notifySupervisor(answer: Answer): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(answer, () => resolve())
    else resolve()
  })
}

/** Answers the supervisor's requests from now on. */
export function answerSupervisor(
  health: Pick<Health, 'report'>,
  metrics: () => Promise<object[]>,
  stop: () => void,
): void {
  const answer = async ({ kind, id }: Question): Promise<void> => {
    if (kind === 'stop') stop()
    else if (kind === 'alive') await notifySupervisor({ kind, id })
    else if (kind === 'health') await notifySupervisor({ kind, id, report: await health.report() })
    else await notifySupervisor({ kind: 'metrics', id, metrics: await metrics() })
  }
  // A question without an answer times out at the supervisor; the process goes on.
  process.on('message', (question: Question) => void answer(question).catch(console.error))
}

import { PROBLEMS, type Problem } from '../domain/errors.ts'

/** What a problem looks like inside an answer, such as for one message of a batch. */
export function describeProblem(problem: Problem): Record<string, unknown> {
  const { status, title, retry } = PROBLEMS[problem.code]
  return {
    type: `/errors/${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    retry,
    ...(problem.pointers.length > 0 ? { errors: problem.pointers } : {}),
  }
}

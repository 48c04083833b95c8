import { type Attempt, isTaken } from '../domain/attempts/attempt.ts'
import type { Conclusion } from '../domain/attempts/attempt-plan.ts'
import { sumUpParts } from '../domain/long-message.ts'
import type { Status } from '../domain/status.ts'
import type { StatusDetails } from '../events/status-record.ts'
import type { StatusSubject } from '../events/status-subject.ts'
import type { AttemptOrder } from './attempts/make-attempt.ts'
import type { StatusReporter } from './status-reporter.ts'

/** The events of one task. Its record is done when Kafka has all of them. */
export class TaskReports {
  readonly subject: StatusSubject
  readonly #reporter: Pick<StatusReporter, 'report'>
  /** Where the message was routed; statuses without an attempt name it. */
  readonly #operator: string
  readonly #underWay: Promise<void>[] = []

  constructor(reporter: Pick<StatusReporter, 'report'>, subject: StatusSubject, operator: string) {
    this.#reporter = reporter
    this.subject = subject
    this.#operator = operator
  }

  /** In the worker's hands, before an attempt or after one that is to be followed by another. */
  queued(last: Attempt | null, attemptsBefore: number): void {
    const failed = last?.parts.find(({ errorCode }) => errorCode)
    this.#report('queued', {
      operator: last?.operator ?? this.#operator,
      attempt: last?.attempt ?? attemptsBefore,
      possibleDuplicate: last?.possibleDuplicate ?? false,
      errorCode: failed?.errorCode ?? null,
      errorText: failed?.errorText ?? null,
    })
  }

  /** An attempt is committed. Its parts are named where it does not submit all of them. */
  sending(order: Omit<AttemptOrder, 'begun'>, route: string | null): void {
    const { connection, attempt, possibleDuplicate, parts, partCount } = order
    const some = parts.length < partCount ? { parts: parts.map((part) => ({ part })) } : {}
    this.#report('sending', { operator: connection.name, attempt, possibleDuplicate, route, ...some })
  }

  /**
   * No attempt follows. What another worker learned before us may have been published already; published twice it is
   * the same event.
   */
  concluded({ status, operator, ...details }: Conclusion, attempts: readonly Attempt[]): void {
    const of = operator ?? this.#operator
    const taken = attempts
      .filter((each) => each.operator === of && each.partCount > 1)
      .flatMap(({ attempt, parts }) => parts.map((part) => ({ ...part, attempt, receipt: null })))
      .filter(isTaken)
    this.#report(status, { ...details, operator: of, parts: sumUpParts(taken, taken.length).parts })
  }

  /** Something else that the record waits for. */
  add(report: Promise<void>): void {
    // Awaited before the record is done; until then a rejection must not count as unheard.
    report.catch(() => {})
    this.#underWay.push(report)
  }

  /** Resolves when all events until now are acknowledged. */
  async published(): Promise<void> {
    await Promise.all(this.#underWay.splice(0))
  }

  #report(status: Status, details: StatusDetails): void {
    this.add(this.#reporter.report(this.subject, status, details))
  }
}

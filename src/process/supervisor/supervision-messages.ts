import type { HealthReport } from '../../runtime/health.ts'

/** The requests of a supervisor to a process that it runs. Each is answered by a message of the same `ask`. */
export interface Question {
  readonly ask: 'alive' | 'metrics' | 'health' | 'stop'
  readonly id: number
}

export type Answer =
  | { readonly notify: 'ready'; readonly apiUrl: string | null; readonly simulatorPort: number | null }
  /** It does not work yet, and continues by itself: `why` names the server that it waits for. */
  | { readonly notify: 'waiting'; readonly why: string }
  /** It cannot start, and starting again would not help. */
  | { readonly notify: 'unusable'; readonly why: string }
  | { readonly notify: 'alive'; readonly id: number }
  | { readonly notify: 'metrics'; readonly id: number; readonly metrics: object[] }
  | { readonly notify: 'health'; readonly id: number; readonly report: HealthReport }

import type { HealthReport } from '../../runtime/health.ts'

/** The requests of a supervisor to a process that it runs. Each is answered by a message of the same kind. */
export interface Question {
  readonly kind: 'alive' | 'metrics' | 'health' | 'stop'
  readonly id: number
}

export type Answer =
  | { readonly kind: 'ready'; readonly apiUrl: string | null; readonly simulatorPort: number | null }
  /** It does not work yet, and continues by itself: `why` names the server that it waits for. */
  | { readonly kind: 'waiting'; readonly why: string }
  /** It cannot start, and starting again would not help. */
  | { readonly kind: 'unusable'; readonly why: string }
  | { readonly kind: 'alive'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: object[] }
  | { readonly kind: 'health'; readonly id: number; readonly report: HealthReport }

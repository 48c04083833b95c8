import { plannedPerSecond } from './plan-capacity.ts'
import type { PlanInput } from './plan-input.ts'

/** What makes the input impossible to plan for, as a sentence; null when nothing does. */
export function findInputFault(input: PlanInput): string | null {
  const { brokers, replicationFactor, peakPerSecond } = input
  const average = plannedPerSecond(input.daily)
  if (brokers !== null && replicationFactor > brokers) {
    return (
      `${replicationFactor} replicas need at least ${replicationFactor} brokers, and there are ${brokers}: ` +
      'give more --brokers or a smaller --replication-factor.'
    )
  }
  if (peakPerSecond !== null && peakPerSecond < average) {
    return (
      `${input.daily} messages a day are planned as ${average}/s on average, ` +
      `so the peak cannot be ${peakPerSecond}/s: give a --peak of ${average} or more.`
    )
  }
  return null
}

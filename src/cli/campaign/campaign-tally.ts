import type { CampaignRow } from './read-campaign.ts'
import type { RowResult } from './send-campaign.ts'

export interface NotedRefusal {
  readonly line: number
  readonly code: string
  readonly detail: string
}

/** So many refusals are kept to be shown; all of them are counted, and written to a file if there is one. */
const REFUSALS_NOTED = 1_000
/** So many messages are followed to their final statuses. */
export const FOLLOWED_MAX = 100_000

/** Counts what became of a campaign's rows. */
export class CampaignTally {
  accepted = 0
  /** By an earlier run. */
  acceptedBefore = 0
  refused = 0
  /** Of what this run had accepted, in the currency's minor unit. */
  cost = 0
  readonly refusedByCode: Record<string, number> = {}
  readonly refusals: NotedRefusal[] = []
  /** The first of what was accepted, now or before. */
  readonly smsIds: number[] = []

  get settled(): number {
    return this.accepted + this.acceptedBefore + this.refused
  }

  add({ line }: Pick<CampaignRow, 'line'>, result: RowResult): void {
    if (result.kind === 'refused') {
      const { code, detail } = result
      this.refused++
      this.refusedByCode[code] = (this.refusedByCode[code] ?? 0) + 1
      if (this.refusals.length < REFUSALS_NOTED) this.refusals.push({ line, code, detail })
      return
    }
    if (this.smsIds.length < FOLLOWED_MAX) this.smsIds.push(result.smsId)
    if (result.wasBefore) {
      this.acceptedBefore++
      return
    }
    this.accepted++
    this.cost += result.cost
  }
}

import type { CampaignRow } from './read-campaign.ts'

/** A row in flight, with its JSON as the body of a request has it. */
export interface SendableRow {
  readonly row: CampaignRow
  readonly json: string
}

export interface BatchLimits {
  readonly rowsMax: number
  /** Of a body. */
  readonly bytesMax: number
}

const FRAME_BYTES = '{"messages":[]}'.length

/**
 * Cuts rows into batches, by their number and by the size of the body, as they are asked for. A row beyond the limit
 * comes alone.
 */
export async function* cutBatches(
  rows: AsyncIterable<SendableRow> | Iterable<SendableRow>,
  { rowsMax, bytesMax }: BatchLimits,
): AsyncGenerator<SendableRow[], void> {
  let batch: SendableRow[] = []
  let bytes = FRAME_BYTES
  for await (const each of rows) {
    const size = Buffer.byteLength(each.json) + 1
    if (batch.length > 0 && (batch.length >= rowsMax || bytes + size > bytesMax)) {
      yield batch
      batch = []
      bytes = FRAME_BYTES
    }
    batch.push(each)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

export function bodyOf(batch: readonly SendableRow[]): string {
  return `{"messages":[${batch.map(({ json }) => json).join()}]}`
}

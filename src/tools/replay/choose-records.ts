import type { ConsumedRecord } from '../../kafka/wire/record-batch-decode.ts'

/** Which records of a range are wanted; all, where nothing is said. */
export interface RecordChoice {
  readonly customerId?: string | undefined
  readonly smsId?: number | undefined
}

/** Looks into the value: what is not JSON is of no customer and no message. */
export function isChosen(record: ConsumedRecord, { customerId, smsId }: RecordChoice): boolean {
  if (customerId === undefined && smsId === undefined) return true
  const value = parse(record.value)
  if (customerId !== undefined && value.customer_id !== customerId) return false
  return smsId === undefined || value.sms_id === smsId
}

function parse(value: Buffer | null): { customer_id?: unknown; sms_id?: unknown } {
  try {
    return Object(JSON.parse(value?.toString() ?? ''))
  } catch {
    return {}
  }
}

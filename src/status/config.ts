import { integer } from '../runtime/settings.ts'

export const statusSettings = {
  STATUS_BATCH_RECORDS_MAX: integer(2_000, 'Status events applied in one transaction', { min: 1, max: 20_000 }),
}

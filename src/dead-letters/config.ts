import { integer } from '../runtime/settings.ts'

export const dlqSettings = {
  DLQ_REDRIVES_MAX: integer(3, 'How often a record may be redriven', { min: 1, max: 100 }),
  DLQ_SAMPLE_MS: integer(15_000, 'How often open dead letters are counted', { min: 500 }),
  DLQ_KEEP_DAYS: integer(90, 'How long dead letters are kept that were redriven or discarded', { min: 1 }),
}

import { fraction, integer, text } from '../runtime/settings.ts'

export const simulatorSettings = {
  SIMULATOR_PORT: integer(0, 'Port of the simulator operator; 0 takes a free one', { max: 65_535 }),
  SIMULATOR_HOST: text('127.0.0.1', 'Address that it listens on'),
  SIMULATOR_SEED: integer(1, 'What chance follows: the same seed treats the same messages the same way'),
  SIMULATOR_LATENCY_MS: integer(
    20,
    'From a submit to its answer, in the middle; single ones take half to twice as long',
  ),
  SIMULATOR_RATE_PER_SECOND: integer(0, 'Submits taken in a second, the rest are throttled; 0 takes all'),
  SIMULATOR_TEMPORARY_SHARE: fraction(0, 'Share of submits that meet a temporary error'),
  SIMULATOR_REJECTED_SHARE: fraction(0, 'Share of messages that are rejected for good'),
  SIMULATOR_LOST_ANSWER_SHARE: fraction(0, 'Share of submits that are taken but never answered'),
  SIMULATOR_UNDELIVERED_SHARE: fraction(0, 'Share of messages that are taken and then not delivered'),
  SIMULATOR_RECEIPT_DELAY_MS: integer(200, 'From taking a message to its receipt, in the middle'),
  SIMULATOR_LEDGER: text('', 'File in which the simulator writes all it was sent; none if empty'),
}

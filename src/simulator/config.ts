import { choice, fraction, integer, secret, text } from '../runtime/settings.ts'
import { finalStates } from './final-states.ts'
import { ID_FORMS } from './message-id.ts'
import { commandStatus } from './status-setting.ts'

/** What becomes of submits and of messages; drawn from each by chance. See `behaviour.ts`. */
export const behaviourSettings = {
  SIMULATOR_SEED: integer(1, 'Seed of the random choices: the same seed treats the same messages the same way'),
  SIMULATOR_LATENCY_MS: integer(
    20,
    'From a submit to its answer, in the middle; single ones take half to twice as long',
  ),
  SIMULATOR_SLOW_SHARE: fraction(0, 'Share of submits that are taken, and answered only after SIMULATOR_SLOW_MS'),
  SIMULATOR_SLOW_MS: integer(30_000, 'How late the slow answers come'),
  SIMULATOR_TEMPORARY_SHARE: fraction(0, 'Share of submits that meet a temporary error'),
  SIMULATOR_TEMPORARY_STATUS: commandStatus('ESME_RSYSERR', 'Status of those answers'),
  SIMULATOR_REJECTED_SHARE: fraction(0, 'Share of messages that are rejected for good'),
  SIMULATOR_REJECTED_STATUS: commandStatus('ESME_RINVDSTADR', 'Status of those answers'),
  SIMULATOR_THROTTLED_SHARE: fraction(0, 'Share of submits that are answered ESME_RTHROTTLED, whatever the rate'),
  SIMULATOR_QUEUE_FULL_SHARE: fraction(0, 'Share of submits that are answered ESME_RMSGQFUL'),
  SIMULATOR_LOST_ANSWER_SHARE: fraction(0, 'Share of submits that are taken but never answered'),
  SIMULATOR_CUT_SHARE: fraction(0, 'Share of submits that are taken, and instead of the answer the connection ends'),
  SIMULATOR_CUT_UNTAKEN_SHARE: fraction(0, 'Share of submits that are not taken, and the connection ends'),
  SIMULATOR_GARBLED_SHARE: fraction(0, 'Share of submits that are taken, and the answer is damaged bytes'),
  SIMULATOR_ODD_ANSWER_SHARE: fraction(0, 'Share of submits that are taken, and the answer names no id'),
  SIMULATOR_RUBBISH_SHARE: fraction(0, 'Share of receipts before which a PDU comes that fits nothing'),
  SIMULATOR_UNDELIVERED_SHARE: fraction(0, 'Share of messages that are taken and then not delivered'),
  SIMULATOR_UNDELIVERED_AS: finalStates(
    ['UNDELIV:011'],
    'What the receipts of those say, state and error code; one of several, drawn from the message',
  ),
  SIMULATOR_RECEIPT_DELAY_MS: integer(
    200,
    'From taking a message to its receipt, in the middle, half to twice as long',
  ),
  SIMULATOR_RECEIPT_EARLY_SHARE: fraction(0, 'Share of receipts that come before the answer to their submit'),
  SIMULATOR_RECEIPT_EARLY_MS: integer(50, 'By how much those come before it, in the middle, half to twice as long'),
  SIMULATOR_RECEIPT_LATE_SHARE: fraction(0, 'Share of receipts that come only after SIMULATOR_RECEIPT_LATE_MS'),
  SIMULATOR_RECEIPT_LATE_MS: integer(60_000, 'How late the late receipts come'),
  SIMULATOR_RECEIPT_TWICE_SHARE: fraction(0, 'Share of receipts that come again after they were acknowledged'),
  SIMULATOR_RECEIPT_NEVER_SHARE: fraction(0, 'Share of receipts that never come'),
}

/** What it does to all, whatever they send. */
export const simulatorSettings = {
  SIMULATOR_PORT: integer(0, 'Port of the simulated SMSC; 0 takes a free one', { max: 65_535 }),
  SIMULATOR_HOST: text('127.0.0.1', 'Address that it listens on'),
  SIMULATOR_TLS_KEY_STORE: text('', 'PKCS #12 file with certificate and key; it speaks TLS if there is one'),
  SIMULATOR_TLS_PASSWORD: secret('', 'Password of that file'),
  SIMULATOR_SYSTEM_ID: text('', 'The system_id that may bind; any if empty'),
  SIMULATOR_PASSWORD: secret('', 'The password that it has to give; any if empty'),
  SIMULATOR_BINDS_MAX: integer(100, 'Binds of a system_id at once; more are answered ESME_RALYBND', { min: 1 }),
  SIMULATOR_BIND_DELAY_MS: integer(0, 'From a bind to its answer'),
  SIMULATOR_BIND_REFUSED_SHARE: fraction(0, 'Share of binds that are answered ESME_RBINDFAIL'),
  SIMULATOR_ENQUIRE_LINK_MS: integer(30_000, 'Silence after which it sends enquire_link; 0: never'),
  SIMULATOR_ENQUIRE_LINK: choice(['answered', 'ignored'], 'answered', "What it does with the peer's enquire_link"),
  SIMULATOR_WINDOW: integer(0, 'Submits of a bind that may await answers; more are ESME_RTHROTTLED; 0: any number'),
  SIMULATOR_RATE_PER_SECOND: integer(0, 'Submits taken in a second, the rest are ESME_RTHROTTLED; 0 takes all'),
  SIMULATOR_RATE_MS: integer(0, 'For how long after the first submit that limit holds; 0: always'),
  SIMULATOR_ID_ANSWER: choice(ID_FORMS, 'decimal', 'How the answer to a submit writes the id'),
  SIMULATOR_ID_RECEIPT: choice(ID_FORMS, 'decimal', 'How the text of a receipt writes it'),
  SIMULATOR_ID_RECEIPT_TLV: choice(ID_FORMS, 'decimal', 'How its TLV receipted_message_id does'),
  SIMULATOR_RECEIPT_FORM: choice(
    ['text', 'tlv', 'both', 'any'],
    'both',
    'Where receipts say what they have to; any: in each of these ways, by turns',
  ),
  SIMULATOR_RECEIPT_BIND: choice(
    ['any', 'same', 'other'],
    'any',
    'Which bind of the system_id a receipt comes on: that of the submit, or another',
  ),
  SIMULATOR_RECEIPT_RETRY_MS: integer(5_000, 'A receipt that is not acknowledged is sent again after this', { min: 1 }),
  SIMULATOR_RECEIPT_WINDOW: integer(1_000, 'Receipts of a bind that may await acknowledgement', { min: 1 }),
  ...behaviourSettings,
  SIMULATOR_BEHAVIOUR_FILE: text(
    '',
    'YAML file with behaviour settings that are followed while it runs, as in `CUT_SHARE: 0.1`; looked at four times a second',
  ),
  SIMULATOR_LEDGER: text('', 'File in which the simulator writes all it was sent; none if empty'),
}

import { type Static, Type } from 'typebox'
import { WRITTEN_STATUS } from '../../../smpp/command-status.ts'
import { LOGIN_OCTETS_MAX } from '../../../smpp/pdus/bind.ts'
import { ReceiptClass } from '../receipt-class.ts'
import { RefusalClass } from '../refusal-class.ts'
import { strict } from '../strict-object.ts'

/*
  What an operator of `connector: smpp` has besides what every operator has (docs/operators/smpp.md). Field sizes are
  those of SMPP 3.4, clause 5.2, without the closing zero; logins may be longer, as operators are known to give them.
*/

const Octet = Type.Integer({ minimum: 0, maximum: 255 })
const Tag = Type.Integer({ minimum: 0, maximum: 0xffff })
const Milliseconds = Type.Integer({ minimum: 1, maximum: 3_600_000 })

/** How an SMSC writes a message's id: as it pleases, with capitals that count, or as a number. */
const IdForm = Type.Enum(['text', 'exact', 'hex', 'decimal'])

const Numbering = { ton: Type.Optional(Octet), npi: Type.Optional(Octet) }

export const SmppSettings = strict({
  /** `host:port` or several of them, tried one after another; `embedded` is the simulator that `smsgw up` starts. */
  address: Type.Union([
    Type.String({ pattern: '^(embedded|.+:[0-9]+)$' }),
    Type.Array(Type.String({ pattern: '^.+:[0-9]+$' }), { minItems: 1, maxItems: 8 }),
  ]),
  system_id: Type.String({ minLength: 1, maxLength: LOGIN_OCTETS_MAX - 1 }),
  /** Where the password is: never in this file itself. Without either it is empty. */
  password_env: Type.Optional(Type.String({ pattern: '^[A-Z_][A-Z0-9_]*$' })),
  password_file: Type.Optional(Type.String({ minLength: 1 })),
  system_type: Type.Optional(Type.String({ maxLength: LOGIN_OCTETS_MAX - 1 })),
  interface_version: Type.Optional(Type.Enum([3.3, 3.4, 5])),
  address_range: Type.Optional(strict({ ...Numbering, range: Type.Optional(Type.String({ maxLength: 40 })) })),
  /** One connection both ways, or one to submit and another for receipts. */
  bind: Type.Optional(Type.Enum(['transceiver', 'pair'])),
  binds: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
  tls: Type.Optional(
    strict({
      ca_file: Type.Optional(Type.String({ minLength: 1 })),
      servername: Type.Optional(Type.String({ minLength: 1 })),
      cert_file: Type.Optional(Type.String({ minLength: 1 })),
      key_file: Type.Optional(Type.String({ minLength: 1 })),
    }),
  ),
  bind_timeout_ms: Type.Optional(Milliseconds),
  enquire_link_ms: Type.Optional(Milliseconds),
  inactivity_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
  reconnect_ms_first: Type.Optional(Milliseconds),
  reconnect_ms_max: Type.Optional(Milliseconds),
  refused_ms_first: Type.Optional(Milliseconds),
  refused_ms_max: Type.Optional(Milliseconds),
  concatenation: Type.Optional(Type.Enum(['udh8', 'udh16', 'sar', 'payload'])),
  gsm7: Type.Optional(Type.Enum(['unpacked', 'packed'])),
  data_coding: Type.Optional(
    strict({ gsm7: Type.Optional(Octet), latin1: Type.Optional(Octet), ucs2: Type.Optional(Octet) }),
  ),
  flash: Type.Optional(Type.Enum(['data_coding', 'dest_addr_subunit'])),
  service_type: Type.Optional(Type.String({ maxLength: 5 })),
  protocol_id: Type.Optional(Octet),
  registered_delivery: Type.Optional(Octet),
  validity: Type.Optional(Type.Enum(['relative', 'absolute', 'none'])),
  /** `priority_flag` of the gateway's priorities 0, 1, 2 and 3. */
  priority_flags: Type.Optional(Type.Tuple([Octet, Octet, Octet, Octet])),
  sender: Type.Optional(
    strict({
      default: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
      alphanumeric: Type.Optional(strict(Numbering)),
      short: Type.Optional(strict(Numbering)),
      national: Type.Optional(strict(Numbering)),
      international: Type.Optional(strict(Numbering)),
    }),
  ),
  recipient: Type.Optional(strict({ ...Numbering, plus: Type.Optional(Type.Boolean()) })),
  message_id: Type.Optional(
    strict({
      answer: Type.Optional(IdForm),
      receipt: Type.Optional(IdForm),
      receipt_tlv: Type.Optional(IdForm),
    }),
  ),
  /** Takes a deliver_sm for a receipt by its text, for an SMSC whose esm_class does not say so. */
  receipts_by_text: Type.Optional(Type.Boolean()),
  /** Receipts are matched by the id alone, for an SMSC whose receipts name another number than the recipient's. */
  receipts_by_id_alone: Type.Optional(Type.Boolean()),
  /** What the operator's own words and numbers for states mean, behind `stat:` or in message_state. */
  states: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]{1,20}$' }), ReceiptClass, {
      additionalProperties: false,
      maxProperties: 100,
    }),
  ),
  /** Dates in receipts name no zone; this is the SMSC's. */
  receipt_utc_offset_minutes: Type.Optional(Type.Integer({ minimum: -840, maximum: 840 })),
  reference_tlv: Type.Optional(Tag),
  tlvs: Type.Optional(
    Type.Array(
      Type.Union([
        strict({ tag: Tag, text: Type.String({ maxLength: 255 }) }),
        strict({ tag: Tag, hex: Type.String({ pattern: '^([0-9a-fA-F]{2})*$', maxLength: 510 }) }),
      ]),
      { maxItems: 32 },
    ),
  ),
  /** What the operator means by a command_status, by its name or its number, where it is not what the table says. */
  errors: Type.Optional(
    Type.Record(Type.String({ pattern: WRITTEN_STATUS.source }), RefusalClass, { additionalProperties: false }),
  ),
})

export type SmppSettings = Static<typeof SmppSettings>
export type CompleteSmppSettings = ReturnType<typeof completeSmppSettings>
export type IdForm = Static<typeof IdForm>

/** The settings with what is left out in the file. */
export function completeSmppSettings(given: SmppSettings) {
  return {
    system_type: '',
    interface_version: 3.4,
    bind: 'transceiver',
    binds: 1,
    bind_timeout_ms: 10_000,
    enquire_link_ms: 30_000,
    inactivity_ms: 0,
    reconnect_ms_first: 500,
    reconnect_ms_max: 30_000,
    refused_ms_first: 30_000,
    refused_ms_max: 600_000,
    concatenation: 'udh8',
    gsm7: 'unpacked',
    flash: 'data_coding',
    service_type: '',
    protocol_id: 0,
    registered_delivery: 1,
    validity: 'relative',
    priority_flags: [0, 0, 0, 1],
    receipts_by_text: false,
    receipts_by_id_alone: false,
    states: {},
    receipt_utc_offset_minutes: 0,
    tlvs: [],
    errors: {},
    ...given,
    address_range: { ton: 0, npi: 0, range: '', ...given.address_range },
    data_coding: { gsm7: 0, latin1: 3, ucs2: 8, ...given.data_coding },
    recipient: { plus: false, ...given.recipient },
    message_id: { ...MESSAGE_ID, receipt_tlv: given.message_id?.answer ?? 'text', ...given.message_id },
  } as const
}

/** By the specification a receipt's TLV has the id as the answer had it (SMPP 3.4, 5.3.2.12). */
const MESSAGE_ID = { answer: 'text', receipt: 'text' } as const

import { type Static, type TSchema, Type } from 'typebox'

/*
  What an operator of `connector: smpp` has besides what every operator has (docs/operators/smpp.md). Field sizes are
  those of SMPP 3.4, clause 5.2, without the closing zero.
*/

const Octet = Type.Integer({ minimum: 0, maximum: 255 })
const Tag = Type.Integer({ minimum: 0, maximum: 0xffff })
const Milliseconds = Type.Integer({ minimum: 1, maximum: 3_600_000 })

/** How an SMSC writes a message's id: as it pleases, with capitals that count, or as a number. */
const IdForm = Type.Enum(['text', 'exact', 'hex', 'decimal'])

/** What a refusal means; see `SubmitResult` of the connectors. */
const RefusalClass = Type.Enum(['temporary', 'rejected', 'throttled', 'ambiguous'])

const Numbering = { ton: Type.Optional(Octet), npi: Type.Optional(Octet) }

export const SmppSettings = strict({
  /** `host:port` or several of them, tried in turn; `embedded` stands for the simulator that `smsgw up` starts. */
  address: Type.Union([
    Type.String({ pattern: '^(embedded|.+:[0-9]+)$' }),
    Type.Array(Type.String({ pattern: '^.+:[0-9]+$' }), { minItems: 1, maxItems: 8 }),
  ]),
  system_id: Type.String({ minLength: 1, maxLength: 15 }),
  /** Where the password is: never in this file itself. Without either it is empty. */
  password_env: Type.Optional(Type.String({ pattern: '^[A-Z_][A-Z0-9_]*$' })),
  password_file: Type.Optional(Type.String({ minLength: 1 })),
  system_type: Type.Optional(Type.String({ maxLength: 12 })),
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
  sender: Type.Optional(strict({ ...Numbering, default: Type.Optional(Type.String({ maxLength: 20 })) })),
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
  errors: Type.Optional(Type.Record(Type.String({ pattern: '^(ESME_[A-Z0-9_]+|0x[0-9a-fA-F]{1,8})$' }), RefusalClass)),
})

export type SmppSettings = Static<typeof SmppSettings>
export type IdForm = Static<typeof IdForm>
export type RefusalClass = Static<typeof RefusalClass>

function strict<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false })
}

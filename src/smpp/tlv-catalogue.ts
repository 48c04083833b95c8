export type TlvForm = 'int1' | 'int2' | 'int4' | 'c-string' | 'octets'

interface TlvKind {
  readonly tag: number
  readonly form: TlvForm
}

const tlv = <const Form extends TlvForm>(tag: number, form: Form) => ({ tag, form })

/** Optional parameters by the names of the specification (SMPP 3.4, 5.3.2; the last two are of SMPP 5.0). */
export const TLVS = {
  dest_addr_subunit: tlv(0x0005, 'int1'),
  dest_network_type: tlv(0x0006, 'int1'),
  dest_bearer_type: tlv(0x0007, 'int1'),
  dest_telematics_id: tlv(0x0008, 'int2'),
  source_addr_subunit: tlv(0x000d, 'int1'),
  source_network_type: tlv(0x000e, 'int1'),
  source_bearer_type: tlv(0x000f, 'int1'),
  source_telematics_id: tlv(0x0010, 'int1'),
  qos_time_to_live: tlv(0x0017, 'int4'),
  payload_type: tlv(0x0019, 'int1'),
  additional_status_info_text: tlv(0x001d, 'c-string'),
  receipted_message_id: tlv(0x001e, 'c-string'),
  ms_msg_wait_facilities: tlv(0x0030, 'int1'),
  privacy_indicator: tlv(0x0201, 'int1'),
  source_subaddress: tlv(0x0202, 'octets'),
  dest_subaddress: tlv(0x0203, 'octets'),
  user_message_reference: tlv(0x0204, 'int2'),
  user_response_code: tlv(0x0205, 'int1'),
  source_port: tlv(0x020a, 'int2'),
  destination_port: tlv(0x020b, 'int2'),
  sar_msg_ref_num: tlv(0x020c, 'int2'),
  language_indicator: tlv(0x020d, 'int1'),
  sar_total_segments: tlv(0x020e, 'int1'),
  sar_segment_seqnum: tlv(0x020f, 'int1'),
  sc_interface_version: tlv(0x0210, 'int1'),
  callback_num_pres_ind: tlv(0x0302, 'int1'),
  callback_num_atag: tlv(0x0303, 'octets'),
  number_of_messages: tlv(0x0304, 'int1'),
  callback_num: tlv(0x0381, 'octets'),
  dpf_result: tlv(0x0420, 'int1'),
  set_dpf: tlv(0x0421, 'int1'),
  ms_availability_status: tlv(0x0422, 'int1'),
  /** Network type (1 octet) and its error (2 octets). */
  network_error_code: tlv(0x0423, 'octets'),
  message_payload: tlv(0x0424, 'octets'),
  delivery_failure_reason: tlv(0x0425, 'int1'),
  more_messages_to_send: tlv(0x0426, 'int1'),
  message_state: tlv(0x0427, 'int1'),
  ussd_service_op: tlv(0x0501, 'octets'),
  display_time: tlv(0x1201, 'int1'),
  sms_signal: tlv(0x1203, 'int2'),
  ms_validity: tlv(0x1204, 'int1'),
  /** Has no value. */
  alert_on_message_delivery: tlv(0x130c, 'octets'),
  its_reply_type: tlv(0x1380, 'int1'),
  its_session_info: tlv(0x1383, 'octets'),
  congestion_state: tlv(0x0428, 'int1'),
  billing_identification: tlv(0x060b, 'octets'),
} as const satisfies Record<string, TlvKind>

export type TlvName = keyof typeof TLVS

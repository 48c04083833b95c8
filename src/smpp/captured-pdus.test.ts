import { expect, test } from 'vitest'
import { decodePdu } from './decode-pdu.ts'
import { encodePdu } from './encode-pdu.ts'
import { createPdu, type Pdu } from './pdu.ts'
import { createTlv } from './tlv.ts'

/*
  Bytes that other implementations wrote for these PDUs: smpplib 2.2.4 and smpp.pdu3 0.6 (PyPI), smpp 0.5.1 (npm), and
  the example of SMPP 3.4, 3.2.2. They wrote them independently of us and of each other.
*/
const CAPTURED: readonly { by: string; hex: string; pdu: Pdu }[] = [
  {
    by: 'the specification',
    hex: '0000002f000000020000000000000001534d50503354455354007365637265743038005355424d4954310000010100',
    pdu: createPdu('bind_transmitter', 1, {
      systemId: 'SMPP3TEST',
      password: 'secret08',
      systemType: 'SUBMIT1',
      addrTon: 1,
      addrNpi: 1,
    }),
  },
  {
    by: 'smpplib',
    hex: '00000029000000090000000000000002736d7367770073656372657400766d61003401013939383900',
    pdu: createPdu('bind_transceiver', 2, {
      systemId: 'smsgw',
      password: 'secret',
      systemType: 'vma',
      interfaceVersion: 0x34,
      addrTon: 1,
      addrNpi: 1,
      addressRange: '9989',
    }),
  },
  {
    by: 'smpplib',
    hex: '0000004700000004000000000000000300050042616e6b00010139393839303132333435363700400000000001000800100500032a020100530061006c006f006d020400020007',
    pdu: createPdu('submit_sm', 3, {
      sourceAddrTon: 5,
      sourceAddr: 'Bank',
      destAddrTon: 1,
      destAddrNpi: 1,
      destinationAddr: '998901234567',
      esmClass: 0x40,
      registeredDelivery: 1,
      dataCoding: 8,
      shortMessage: Buffer.from('0500032a020100530061006c006f006d', 'hex'),
      tlvs: [createTlv('user_message_reference', 7)],
    }),
  },
  { by: 'smpplib', hex: '00000010000000150000000000000004', pdu: createPdu('enquire_link', 4) },
  {
    by: 'smpplib',
    hex: '0000001c0000000300000000000000053466326100050042616e6b00',
    pdu: createPdu('query_sm', 5, { messageId: '4f2a', sourceAddrTon: 5, sourceAddr: 'Bank' }),
  },
  {
    by: 'smpp.pdu3',
    hex: '000000a4000000050000000000009f8800010139393839303132333435363700050042616e6b000400000000000000006569643a34663261207375623a30303120646c7672643a303031207375626d697420646174653a3236313132343132303020646f6e6520646174653a3236313132343132303120737461743a44454c49565244206572723a30303020746578743a53616c6f6d0427000102001e00053466326100',
    pdu: createPdu('deliver_sm', 40_840, {
      sourceAddrTon: 1,
      sourceAddrNpi: 1,
      sourceAddr: '998901234567',
      destAddrTon: 5,
      destinationAddr: 'Bank',
      esmClass: 4,
      shortMessage: Buffer.from(
        'id:4f2a sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:Salom',
      ),
      tlvs: [createTlv('message_state', 2), createTlv('receipted_message_id', '4f2a')],
    }),
  },
  {
    by: 'smpp.pdu3',
    hex: '000000158000000400000000000000033466326100',
    pdu: createPdu('submit_sm_resp', 3, { messageId: '4f2a' }),
  },
  {
    by: 'smpp.pdu3',
    hex: '00000010800000040000005800000004',
    pdu: createPdu('submit_sm_resp', 4, { status: 0x58 }),
  },
  {
    by: 'smpp.pdu3',
    hex: '0000001a800000020000000000000001534d5343000210000134',
    pdu: createPdu('bind_transmitter_resp', 1, { systemId: 'SMSC', tlvs: [createTlv('sc_interface_version', 0x34)] }),
  },
  { by: 'smpp.pdu3', hex: '00000010800000000000000300000009', pdu: createPdu('generic_nack', 9, { status: 3 }) },
  {
    by: 'smpp.pdu3',
    hex: '000000188000000300000000000000053466326100000100',
    pdu: createPdu('query_sm_resp', 5, { messageId: '4f2a', messageState: 1 }),
  },
  {
    by: 'smpp',
    hex: '0000003f00000021000000000000000b00050042616e6b000201010139393839303132333435363700027374616666000000000000000000000553616c6f6d',
    pdu: createPdu('submit_multi', 11, {
      sourceAddrTon: 5,
      sourceAddr: 'Bank',
      destinations: [
        { kind: 'address', ton: 1, npi: 1, addr: '998901234567' },
        { kind: 'distribution-list', name: 'staff' },
      ],
      shortMessage: Buffer.from('Salom'),
    }),
  },
  {
    by: 'smpp',
    hex: '0000002980000021000000000000000b3466326200010101393938393031323334353637000000000b',
    pdu: createPdu('submit_multi_resp', 11, {
      messageId: '4f2b',
      unsuccessful: [{ ton: 1, npi: 1, addr: '998901234567', errorStatus: 0x0b }],
    }),
  },
  {
    by: 'smpp',
    hex: '0000003300000103000000000000000c00050042616e6b000101393938393031323334353637000001000424000553616c6f6d',
    pdu: createPdu('data_sm', 12, {
      sourceAddrTon: 5,
      sourceAddr: 'Bank',
      destAddrTon: 1,
      destAddrNpi: 1,
      destinationAddr: '998901234567',
      registeredDelivery: 1,
      tlvs: [createTlv('message_payload', Buffer.from('Salom'))],
    }),
  },
  {
    by: 'smpp',
    hex: '0000002b00000102000000000000000d010139393839303132333435363700000042616e6b000422000100',
    pdu: createPdu('alert_notification', 13, {
      sourceAddrTon: 1,
      sourceAddrNpi: 1,
      sourceAddr: '998901234567',
      esmeAddr: 'Bank',
      tlvs: [createTlv('ms_availability_status', 0)],
    }),
  },
  {
    by: 'smpp',
    hex: '0000003600000007000000000000000e3466326100000042616e6b0000303030303031303030303030303030520000000553616c6f6d',
    pdu: createPdu('replace_sm', 14, {
      messageId: '4f2a',
      sourceAddr: 'Bank',
      validityPeriod: '000001000000000R',
      shortMessage: Buffer.from('Salom'),
    }),
  },
  {
    by: 'smpp',
    hex: '0000002c00000008000000000000000f003466326100000042616e6b00000039393839303132333435363700',
    pdu: createPdu('cancel_sm', 15, { messageId: '4f2a', sourceAddr: 'Bank', destinationAddr: '998901234567' }),
  },
  {
    by: 'smpp',
    hex: '0000001c0000000b0000000000000001534d53430073656372657400',
    pdu: createPdu('outbind', 1, { systemId: 'SMSC', password: 'secret' }),
  },
]

test.for(CAPTURED)('$pdu.command as $by writes it is what we read and write', ({ hex, pdu }) => {
  const bytes = Buffer.from(hex, 'hex')
  expect(decodePdu(bytes)).toEqual({ kind: 'pdu', pdu, length: bytes.length })
  expect(encodePdu(pdu).toString('hex')).toBe(hex)
})

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { type CommandName, createPdu, createResponse, type Pdu, type PduOf } from '../../src/smpp/pdu.ts'
import { PduReader } from '../../src/smpp/pdu-reader.ts'
import { createTlv, readTlv } from '../../src/smpp/tlv.ts'
import { ESM_CLASS_UDHI } from '../../src/smpp/user-data-header.ts'
import { JsmppServer } from '../servers/jsmpp-server.ts'
import { NodeSmppServer } from '../servers/node-smpp-server.ts'

/** The first of two parts of message 42. */
const HEADER = Buffer.of(5, 0, 3, 42, 2, 1)
const VENDOR_TLV = { tag: 0x1501, value: Buffer.from('77.1.1\0') }
const SUBMIT = {
  sourceAddrTon: 5,
  sourceAddr: 'Bank',
  destAddrTon: 1,
  destAddrNpi: 1,
  destinationAddr: '998901234567',
  esmClass: ESM_CLASS_UDHI,
  registeredDelivery: 1,
  tlvs: [createTlv('user_message_reference', 4_242), VENDOR_TLV],
}

test("jSMPP's server takes what we write, and we read what it writes", async () => {
  const server = await JsmppServer.start()
  onTestFinished(() => server.stop())
  const session = await connectTo(server.port)
  session.send(createPdu('bind_transceiver', 1, { ...JsmppServer.credentials, interfaceVersion: 0x34 }))
  const bound = await session.next('bind_transceiver_resp')
  expect(bound).toMatchObject({ sequence: 1, status: 0, systemId: 'sys' })
  expect(readTlv(bound.tlvs, 'sc_interface_version')).toBe(0x50)
  const greeting = await session.next('deliver_sm')
  expect(greeting).toMatchObject({ sourceAddr: '555', shortMessage: Buffer.from('Hello World') })
  session.send(createResponse(greeting))

  session.send(
    createPdu('submit_sm', 2, { ...SUBMIT, shortMessage: Buffer.concat([HEADER, Buffer.from('Salom é', 'latin1')]) }),
  )
  const { status, messageId } = await session.next('submit_sm_resp')
  expect({ status, messageId }).toMatchObject({ status: 0, messageId: expect.stringMatching(/^[0-9a-f]+$/) })
  expect(server.submitted()).toEqual([{ shortMessage: `${HEADER.toString('latin1')}Salom é`, messageId }])
  const receipt = await session.next('deliver_sm')
  expect(receipt).toMatchObject({ esmClass: 4, sourceAddr: '998901234567', destinationAddr: 'Bank' })
  expect(receipt.shortMessage.toString()).toMatch(RegExp(`^id:0*${Number.parseInt(messageId, 16)} .* stat:DELIVRD `))
  session.send(createResponse(receipt))

  for (const request of [
    createPdu('query_sm', 3, { messageId }),
    createPdu('cancel_sm', 4, { messageId }),
    createPdu('replace_sm', 5, { messageId }),
    createPdu('data_sm', 6, { destinationAddr: '998901234567', tlvs: [createTlv('message_payload', Buffer.of(1))] }),
  ]) {
    session.send(request)
    const refused = await session.next(`${request.command}_resp`)
    expect(refused.status).toBeGreaterThan(0)
    expect(refused.sequence).toBe(request.sequence)
  }
  session.send(
    createPdu('submit_multi', 7, { destinations: [{ kind: 'address', ton: 1, npi: 1, addr: '998901234567' }] }),
  )
  expect(await session.next('submit_multi_resp')).toMatchObject({ status: 0, unsuccessful: [] })
  await leave(session)
})

test('node-smpp takes what we write, and we read what it writes', async () => {
  const server = await NodeSmppServer.start()
  onTestFinished(() => server.stop())
  const refused = await connectTo(server.port)
  refused.send(createPdu('bind_receiver', 1, { systemId: 'smsgw', password: 'wrong' }))
  expect(await refused.next('bind_receiver_resp')).toMatchObject({ status: 0x0e, systemId: '' })

  const session = await connectTo(server.port)
  session.send(createPdu('bind_transceiver', 1, { ...NodeSmppServer.credentials, interfaceVersion: 0x34 }))
  expect(await session.next('bind_transceiver_resp')).toMatchObject({ status: 0, systemId: 'node-smpp' })
  const ucs2 = Buffer.from('Ассалом', 'utf16le').swap16()
  session.send(
    createPdu('submit_sm', 2, {
      ...SUBMIT,
      dataCoding: 8,
      validityPeriod: '000001000000000R',
      shortMessage: Buffer.concat([HEADER, ucs2]),
    }),
  )
  expect(await session.next('submit_sm_resp')).toMatchObject({ status: 0, messageId: 'n1' })
  expect(server.submitted).toMatchObject([
    {
      source_addr_ton: 5,
      source_addr: 'Bank',
      destination_addr: '998901234567',
      esm_class: ESM_CLASS_UDHI,
      registered_delivery: 1,
      data_coding: 8,
      short_message: { message: 'Ассалом', udh: [HEADER.subarray(1)] },
      user_message_reference: 4_242,
      [VENDOR_TLV.tag]: VENDOR_TLV.value,
    },
  ])
  const receipt = await session.next('deliver_sm')
  expect(receipt).toMatchObject({ esmClass: 4, sourceAddr: '998901234567', destinationAddr: 'Bank' })
  expect(receipt.shortMessage.toString()).toContain('id:n1 ')
  expect(readTlv(receipt.tlvs, 'receipted_message_id')).toBe('n1')
  expect(readTlv(receipt.tlvs, 'message_state')).toBe(2)
  session.send(createResponse(receipt))
  await leave(session)
  expect(server.acknowledged).toMatchObject([{ command: 'deliver_sm_resp', sequence_number: receipt.sequence }])
})

interface BareSession {
  readonly socket: Socket
  send(pdu: Pdu): void
  /** The next PDU of that command that was not taken yet; others stay for later. */
  next<C extends CommandName>(command: C): Promise<PduOf<C>>
}

/** A connection without any session rules: bytes and codec. */
async function connectTo(port: number): Promise<BareSession> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const reader = new PduReader()
  const received: Pdu[] = []
  let wake = (): void => {}
  socket.on('close', () => wake())
  socket.on('data', (chunk: Buffer) => {
    for (const reading of reader.push(chunk)) {
      if (reading.kind === 'fault') throw new Error(`${reading.command}: ${reading.detail}`)
      received.push(reading.pdu)
    }
    wake()
  })
  const next = async <C extends CommandName>(command: C): Promise<PduOf<C>> => {
    while (true) {
      const at = received.findIndex((pdu) => pdu.command === command)
      if (at !== -1) return received.splice(at, 1)[0] as PduOf<C>
      if (socket.closed) throw new Error(`closed before ${command}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await promise
    }
  }
  return { socket, send: (pdu) => void socket.write(encodePdu(pdu)), next }
}

/** Keep-alive, an unknown command, and an orderly end. */
async function leave({ socket, send, next }: BareSession): Promise<void> {
  send(createPdu('enquire_link', 90))
  expect(await next('enquire_link_resp')).toMatchObject({ sequence: 90, status: 0 })
  const unknown = encodePdu(createPdu('enquire_link', 91))
  unknown.writeUInt32BE(0x0001_0204, 4)
  socket.write(unknown)
  expect(await next('generic_nack')).toMatchObject({ sequence: 91, status: 3 })
  send(createPdu('unbind', 92))
  expect(await next('unbind_resp')).toMatchObject({ sequence: 92, status: 0 })
  if (!socket.closed) await once(socket.end(), 'close')
}

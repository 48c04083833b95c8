import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { COMMAND_STATUS } from '../../src/smpp/command-status.ts'
import { createPdu, createResponse } from '../../src/smpp/pdu.ts'
import { eventually } from '../gateway/eventually.ts'
import { RECEIPT_ESM_CLASS, ScriptedSmsc, scripted } from '../gateway/peers/scripted-smsc.ts'
import { makeCertificate } from '../servers/make-certificate.ts'
import { openSmpp, ready, smppMessage, submitAll } from '../servers/open-smpp.ts'

test('a connection on which nothing comes any more is given up', async () => {
  let isDeaf = false
  const smsc = await scripted((pdu) => {
    isDeaf ||= pdu.command === 'submit_sm'
    return isDeaf && !pdu.command.startsWith('bind')
  })
  const opened = openSmpp(smsc.address, {}, { responseTimeoutMs: 200 })
  await ready(opened)
  expect(await opened.connector.submit(smppMessage(), 1)).toEqual({ kind: 'ambiguous', code: 'no-answer' })
  expect(opened.connector.isReady).toBe(false)
  expect(await opened.connector.submit(smppMessage(), 1)).toEqual({ kind: 'unsent', code: 'not-connected' })
  await eventually('the silent connection is given up', () => opened.observed.get('ended silent'), Boolean)
  expect(smsc.received('submit_sm').length).toBe(1)
  await ready(opened)
})

test('a login goes to the SMSC as the operator gave it, longer than SMPP 3.4 has room for as well', async () => {
  const smsc = await scripted()
  const settings = {
    system_id: 'our-long-system-id-at-the-operator',
    system_type: 'a long system type',
    password_env: 'P',
  }
  const opened = openSmpp(smsc.address, settings, { env: { P: 'twelve chärs' } })
  await ready(opened)
  expect(smsc.received('bind_transceiver')).toMatchObject([
    { systemId: settings.system_id, systemType: settings.system_type, password: 'twelve chärs' },
  ])
  expect(await submitAll(opened.connector, 1)).toMatchObject([{ kind: 'sent' }])
  const unfit = () => openSmpp(smsc.address, settings, { env: { P: 'رمز' } })
  expect(unfit).toThrow('U+0631')
})

test('a pair is ready when both are bound, and receipts come by the receiver', async () => {
  let mayReceive = false
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'bind_receiver' || mayReceive) return false
    link.send(createResponse(pdu, { status: COMMAND_STATUS.ESME_RALYBND.code }))
    return true
  })
  const opened = openSmpp(smsc.address, { bind: 'pair' })
  await eventually('the transmitter is bound', () => opened.observed.get('bound transmitter 1'), Boolean)
  await eventually('the receiver is refused', () => opened.observed.get('ended refused'), Boolean)
  expect(opened.connector.isReady).toBe(false)
  mayReceive = true
  await ready(opened)
  const receiver = smsc.links.find(
    ({ pdus }) => pdus.length === 1 && pdus[0]!.command === 'bind_receiver' && mayReceive,
  )
  expect(receiver).toBeDefined()
  const links = smsc.links.filter(({ pdus }) => pdus[0]?.command === 'bind_receiver')
  links.at(-1)!.send(
    createPdu('deliver_sm', 5, {
      esmClass: RECEIPT_ESM_CLASS,
      shortMessage: Buffer.from('id:7 stat:EXPIRED err:008'),
    }),
  )
  expect(
    await eventually(
      'a receipt has arrived',
      () => opened.receipts,
      ({ length }) => length === 1,
    ),
  ).toMatchObject([{ operatorMessageId: '7', status: 'expired', errorCode: '008' }])
})

test('an address that does not answer is left for the next', async () => {
  const unavailable = await ScriptedSmsc.start()
  const { address } = unavailable
  await unavailable.stop()
  const smsc = await scripted()
  const opened = openSmpp([address, smsc.address])
  await ready(opened)
  expect(opened.ends.map(({ cause }) => cause)).toEqual(['connection-lost'])
})

test('a wrong password is reported, and knocked with more rarely', async () => {
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'bind_transceiver' || pdu.password === 'right') return false
    link.send(createResponse(pdu, { status: COMMAND_STATUS.ESME_RINVPASWD.code }))
    return true
  })
  const refused = openSmpp(smsc.address, { password_env: 'PASSWORD' }, { env: { PASSWORD: 'wrong' } })
  await eventually('the bind is refused', () => refused.ends.length, Boolean)
  expect(refused.ends[0]).toMatchObject({ cause: 'refused', status: COMMAND_STATUS.ESME_RINVPASWD.code })
  expect(refused.connector.isReady).toBe(false)
  const accepted = openSmpp(smsc.address, { password_env: 'PASSWORD' }, { env: { PASSWORD: 'right' } })
  await ready(accepted)
})

test('over TLS, if the certificate is trusted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smsgw-smpp-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { keyStore, password, caFile } = await makeCertificate(folder, 'only-for-this-test')
  const smsc = await scripted(undefined, { pfx: await readFile(keyStore), passphrase: password })
  const distrustful = openSmpp(smsc.address, { tls: {} })
  await eventually('the connection has ended', () => distrustful.ends.length, Boolean)
  expect(distrustful.ends[0]).toMatchObject({
    cause: 'connection-lost',
    detail: expect.stringContaining('certificate'),
  })
  const trusting = openSmpp(smsc.address, { tls: { ca_file: caFile } })
  await ready(trusting)
  expect(await trusting.connector.submit(smppMessage(), 1)).toMatchObject({ kind: 'sent' })
  expect(smsc.received('bind_transceiver').length).toBe(1)
})

test('bytes that are no PDU end the connection, with a nack', async () => {
  const smsc = await scripted()
  const opened = openSmpp(smsc.address)
  await ready(opened)
  smsc.links[0]!.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  await eventually('the unreadable connection is ended', () => opened.observed.get('ended unreadable'), Boolean)
  expect(smsc.received('generic_nack')).toMatchObject([{ status: COMMAND_STATUS.ESME_RINVCMDLEN.code, sequence: 0 }])
  await ready(opened)
})

test("the SMSC's unbind is followed, after its last answers, and by a new bind", async () => {
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    link.send(createPdu('unbind', 99), createResponse(pdu, { messageId: '1' }))
    return true
  })
  const opened = openSmpp(smsc.address)
  await ready(opened)
  expect(await opened.connector.submit(smppMessage(), 1)).toEqual({ kind: 'sent', operatorMessageId: '1' })
  await eventually(
    "the connection has ended by the SMSC's unbind",
    () => opened.observed.get('ended unbound-by-smsc'),
    Boolean,
  )
  expect(smsc.received('unbind_resp').map(({ sequence }) => sequence)).toEqual([99])
  await ready(opened)
})

test('stopping awaits what is open, unbinds, and leaves nothing', async () => {
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    setTimeout(() => link.send(createResponse(pdu, { messageId: '1' })), 50)
    return true
  })
  const opened = openSmpp(smsc.address, { binds: 2 })
  await eventually(
    'both binds are up',
    () => opened.observed.get('bound'),
    (bound) => bound === 2,
  )
  const submitted = submitAll(opened.connector, 4)
  await eventually(
    'the SMSC has 4 submits',
    () => smsc.received('submit_sm').length,
    (length) => length === 4,
  )
  await opened.connector.stop()
  expect((await submitted).map(({ kind }) => kind)).toEqual(Array(4).fill('sent'))
  expect(smsc.received('unbind').length).toBe(2)
  await eventually(
    'no connection is open',
    () => smsc.open,
    (links) => links === 0,
  )
  expect(await opened.connector.submit(smppMessage(), 1)).toEqual({ kind: 'unsent', code: 'not-connected' })
})

test('both sides keep a quiet connection alive', async () => {
  const smsc = await scripted()
  const opened = openSmpp(smsc.address, { enquire_link_ms: 50 })
  await ready(opened)
  smsc.links[0]!.send(createPdu('enquire_link', 42))
  await eventually('the enquiry of the SMSC is answered', () => smsc.received('enquire_link_resp').length, Boolean)
  await eventually(
    'the connector has enquired twice',
    () => smsc.received('enquire_link').length,
    (length) => length >= 2,
  )
  expect(opened.ends).toEqual([])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryPduOf, COMMANDS } from '../../test/smpp/arbitrary-pdu.ts'
import { drawFrom, mutatePdu } from '../../test/smpp/mutate-pdus.ts'
import { decodePdu } from './decode-pdu.ts'
import { encodePdu } from './encode-pdu.ts'
import { createPdu } from './pdu.ts'
import { createTlv, readTlv } from './tlv.ts'

const SEED = Number(process.env.SMPP_FUZZ_SEED ?? Date.now() % 2 ** 31)

/** A frame with more octets behind it, and its length set right. */
function extended(frame: Buffer, more: Buffer): Buffer {
  const bytes = Buffer.concat([frame, more])
  bytes.writeUInt32BE(bytes.length, 0)
  return bytes
}

test(`whatever a strict reader reads, a lenient one reads alike, and it reads more (seed ${SEED})`, () => {
  const draw = drawFrom(SEED)
  const sound = COMMANDS.flatMap((command) => fc.sample(arbitraryPduOf(command), { seed: SEED, numRuns: 4 })).map(
    encodePdu,
  )
  const read = { strict: 0, lenient: 0 }
  for (let n = 0; n < 20_000; n++) {
    const damaged = mutatePdu(sound, draw)
    if (damaged.length < 16) continue
    const [strict, lenient] = [decodePdu(damaged), decodePdu(damaged, true)]
    if (strict.kind === 'pdu') {
      read.strict++
      // A short message that ends with the frame is all of it, also where a TLV would follow.
      expect(lenient).toMatchObject({
        kind: 'pdu',
        pdu: { command: strict.pdu.command, sequence: strict.pdu.sequence },
      })
    }
    if (lenient.kind === 'pdu') read.lenient++
  }
  expect(read.strict).toBeGreaterThan(1_000)
  expect(read.lenient).toBeGreaterThan(read.strict)
})

test('C10: a broken end is left out and reported; what comes before it is kept', () => {
  const pdu = createPdu('deliver_sm', 1, { shortMessage: Buffer.from('id:7'), tlvs: [createTlv('message_state', 2)] })
  const broken = extended(encodePdu(pdu), Buffer.from('14010014616263', 'hex'))
  expect(decodePdu(broken)).toMatchObject({ kind: 'fault', reason: 'body' })
  expect(decodePdu(broken, true)).toMatchObject({
    kind: 'pdu',
    pdu,
    leftOut: expect.stringContaining('a TLV of 20 octets exceeds its PDU'),
  })
  expect(decodePdu(encodePdu(pdu), true)).not.toHaveProperty('leftOut')
})

test('a text that is cut says what it can, an id that is cut is no id', () => {
  const frame = encodePdu(createPdu('data_sm', 1, { esmClass: 4 }))
  const text = decodePdu(extended(frame, Buffer.concat([Buffer.from('04240040', 'hex'), Buffer.from('id:7')])), true)
  expect(text.kind === 'pdu' && readTlv(text.pdu.tlvs, 'message_payload')?.toString()).toBe('id:7')
  const id = decodePdu(extended(frame, Buffer.concat([Buffer.from('001e0040', 'hex'), Buffer.from('77')])), true)
  expect(id.kind === 'pdu' && readTlv(id.pdu.tlvs, 'receipted_message_id')).toBeUndefined()
})

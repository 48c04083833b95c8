import fc from 'fast-check'
import { answerFault } from '../../src/smpp/answer-fault.ts'
import { decodePdu, type PduFault, type PduReading } from '../../src/smpp/decode-pdu.ts'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { PduReader } from '../../src/smpp/pdu-reader.ts'
import { type Draw, drawFrom, mutatePdu } from '../gateway/peers/mutate-pdus.ts'
import { arbitraryPduOf, COMMANDS } from './arbitrary-pdu.ts'

const PDU_OCTETS_MAX = 16_384
/** PDUs on one connection, unless a fault ends it. */
const CONNECTION_PDUS = 20

/** What came of it. */
export interface FuzzCounts {
  connections: number
  pdus: number
  bodyFaults: number
  unknownCommands: number
  fatalFaults: number
}

/**
 * Reads that many damaged PDUs, over connections that cut them at random, and compares each connection with what its
 * lengths alone say must be read. Throws what the codec throws, and for everything that is missing, too much, or not
 * written again as it was read.
 */
export function fuzzReader(seed: number, pdus: number): FuzzCounts {
  const draw = drawFrom(seed)
  const sound = COMMANDS.flatMap((command) => fc.sample(arbitraryPduOf(command), { seed, numRuns: 8 })).map(encodePdu)
  const counts: FuzzCounts = { connections: 0, pdus: 0, bodyFaults: 0, unknownCommands: 0, fatalFaults: 0 }
  for (let read = 0; read < pdus; ) {
    const damaged = Array.from({ length: CONNECTION_PDUS }, () => mutatePdu(sound, draw))
    const stream = Buffer.concat(damaged)
    const readings = readInChunks(stream, draw)
    const expected = expectedReadings(stream)
    if (readings.length !== expected) throw new Error(`${readings.length} readings where ${expected} are due`)
    for (const reading of readings) count(reading, counts, draw)
    counts.connections++
    read += readings.length
  }
  return counts
}

function readInChunks(stream: Buffer, draw: Draw): (PduReading | PduFault)[] {
  const reader = new PduReader({ pduOctetsMax: PDU_OCTETS_MAX })
  const readings: (PduReading | PduFault)[] = []
  const chunkMax = [3, 20, 300, 70_000][draw(4)]!
  for (let at = 0; at < stream.length; ) {
    const size = 1 + draw(chunkMax)
    for (const reading of reader.push(stream.subarray(at, at + size))) readings.push(reading)
    if (reader.heldOctets >= PDU_OCTETS_MAX) throw new Error(`${reader.heldOctets} octets held`)
    at += size
  }
  return readings
}

/** Whole frames, and a last one whose length is not allowed. */
function expectedReadings(stream: Buffer): number {
  let readings = 0
  for (let at = 0; at + 4 <= stream.length; ) {
    const length = stream.readUInt32BE(at)
    if (length < 16 || length > PDU_OCTETS_MAX) return readings + 1
    at += length
    if (at <= stream.length) readings++
  }
  return readings
}

function count(reading: PduReading | PduFault, counts: FuzzCounts, draw: Draw): void {
  if (reading.kind === 'fault') {
    if (reading.status === 0 || reading.detail === '') throw new Error('a fault without its reason')
    const answer = answerFault(reading)
    if (answer !== null) encodePdu(answer)
    if (reading.reason === 'body') counts.bodyFaults++
    else if (reading.reason === 'unknown-command') counts.unknownCommands++
    else counts.fatalFaults++
    return
  }
  counts.pdus++
  if (draw(4) > 0) return
  const bytes = encodePdu(reading.pdu)
  const again = decodePdu(bytes)
  if (again.kind === 'fault' || !encodePdu(again.pdu).equals(bytes))
    throw new Error(`not written again: ${bytes.toString('hex')}`)
}

import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo, LookupFunction } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { AddressRefusedError, guardedLookup } from './address-guard.ts'

const TYPE_A = 1

/** A name server for A records; of names that it does not know it says nothing at all. */
async function nameServer(known: Record<string, readonly string[]>): Promise<string> {
  const server: Socket = createSocket('udp4')
  server.on('message', (query, { port, address }) => {
    const { name, type, end } = readQuestion(query)
    const addresses = known[name]
    if (addresses) server.send(answer(query.subarray(0, end), type === TYPE_A ? addresses : []), port, address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** The header and question again, as a response, with these addresses (RFC 1035, 4.1). */
function answer(question: Buffer, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question)
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(addresses.length, 6)
  head.writeUInt16BE(0, 10)
  const rows = addresses.map((address) => [
    0xc0,
    12,
    0,
    TYPE_A,
    0,
    1,
    0,
    0,
    0,
    60,
    0,
    4,
    ...address.split('.').map(Number),
  ])
  return Buffer.concat([head, Buffer.from(rows.flat())])
}

function lookUp(lookup: LookupFunction, name: string): Promise<unknown> {
  return new Promise((resolve) => lookup(name, { all: true }, (error, addresses) => resolve(error ?? addresses)))
}

test('a name is connected to only if all of its addresses are public', async () => {
  const server = await nameServer({
    'good.example.com': ['93.184.216.34', '93.184.216.35'],
    'inner.example.com': ['93.184.216.34', '10.0.0.1'],
  })
  const lookup = guardedLookup([server])
  expect(await lookUp(lookup, 'good.example.com')).toEqual([
    { address: '93.184.216.34', family: 4 },
    { address: '93.184.216.35', family: 4 },
  ])
  expect(await lookUp(lookup, 'inner.example.com')).toBeInstanceOf(AddressRefusedError)
})

test("names whose servers never answer do not keep others' look-ups waiting", async () => {
  const lookup = guardedLookup([await nameServer({ 'good.example.com': ['93.184.216.34'] })])
  let hanging = 40
  const silent = Array.from({ length: 40 }, (_, index) =>
    lookUp(lookup, `hangs-${index}.example.com`).then((outcome) => {
      hanging--
      return outcome
    }),
  )
  expect(await lookUp(lookup, 'good.example.com')).toEqual([{ address: '93.184.216.34', family: 4 }])
  expect(hanging).toBe(40)
  for (const outcome of await Promise.all(silent)) expect(outcome).toBeInstanceOf(Error)
})

import fc from 'fast-check'
import type { Field } from '../../src/smpp/field-kinds.ts'
import { type CommandName, createPdu, GRAMMARS, type Pdu } from '../../src/smpp/pdu.ts'
import type { PduGrammar } from '../../src/smpp/pdu-grammar.ts'
import type { Destination, UnsuccessfulAddress } from '../../src/smpp/pdus/submit-multi.ts'
import type { Tlv } from '../../src/smpp/tlv.ts'

export const COMMANDS = Object.keys(GRAMMARS) as CommandName[]

const int1 = fc.integer({ min: 0, max: 0xff })
const int4 = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = (max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength: max, size: 'max' }).map((each) => Buffer.from(each))
/** Any octet but NUL, as a character of Latin-1. */
const cString = (max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 1, max: 0xff }), { maxLength: max - 1, size: 'max' })
    .map((codes) => String.fromCharCode(...codes))

const address = { ton: int1, npi: int1, addr: cString(21) }
const LISTS: Record<string, fc.Arbitrary<Destination | UnsuccessfulAddress>> = {
  destinations: fc.oneof(
    fc.record({ kind: fc.constant('address' as const), ...address }),
    fc.record({ kind: fc.constant('distribution-list' as const), name: cString(21) }),
  ),
  unsuccessful: fc.record({ ...address, errorStatus: int4 }),
}

function arbitraryField(name: string, { kind, max }: Field<unknown>): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'int1':
      return int1
    case 'int4':
      return int4
    case 'c-string':
      return cString(max)
    case 'octets':
      return bytes(max)
    case 'list':
      return fc.array(LISTS[name]!, { maxLength: max })
  }
}

const arbitraryTlvs: fc.Arbitrary<Tlv[]> = fc.array(
  fc.record({ tag: fc.integer({ min: 0, max: 0xffff }), value: bytes(300) }),
  { maxLength: 5 },
)

/** Everything that the command's grammar admits. */
export function arbitraryPduOf(command: CommandName): fc.Arbitrary<Pdu> {
  const { fields }: PduGrammar = GRAMMARS[command]
  const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryField(name, field)]))
  return fc
    .tuple(int4, int4, fc.record({ ...values, tlvs: arbitraryTlvs }))
    .map(([sequence, status, given]) => createPdu(command, sequence, { status, ...given }))
}

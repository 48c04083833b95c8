import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packSeptets, unpackSeptets } from './pack-septets.ts'

test('what was packed is unpacked as it was, behind a header of any length', () => {
  // A zero at the end looks like padding, where padding would be.
  const septets = fc.uint8Array({ max: 0x7f, maxLength: 160 }).filter((each) => each.at(-1) !== 0)
  fc.assert(
    fc.property(septets, fc.nat(20), (text, headerOctets) => {
      expect([...unpackSeptets(packSeptets(text, headerOctets), headerOctets)]).toEqual([...text])
    }),
  )
})

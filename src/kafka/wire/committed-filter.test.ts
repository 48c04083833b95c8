import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommittedFilter } from './committed-filter.ts'

interface Step {
  readonly producer: number
  readonly kind: 'write' | 'plain' | 'commit' | 'abort'
}

test('a log of interleaved transactions: exactly what was aborted is left out', () => {
  const step = fc.record<Step>({
    producer: fc.integer({ min: 0, max: 3 }),
    kind: fc.constantFrom('write', 'write', 'plain', 'commit', 'abort'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, fetchPlace) => {
      const open = new Map<number, number[]>()
      const aborted: { producerId: bigint; firstOffset: number; lastOffset: number }[] = []
      const isLost = new Set<number>()
      for (const [offset, { producer, kind }] of steps.entries()) {
        if (kind === 'write') open.set(producer, [...(open.get(producer) ?? []), offset])
        if (kind !== 'commit' && kind !== 'abort') continue
        const offsets = open.get(producer) ?? []
        if (kind === 'abort' && offsets.length > 0) {
          aborted.push({ producerId: BigInt(producer), firstOffset: offsets[0]!, lastOffset: offset })
          for (const each of offsets) isLost.add(each)
        }
        open.delete(producer)
      }
      // A broker names the aborted transactions that reach into what it sends.
      const from = steps.length === 0 ? 0 : fetchPlace % steps.length
      const filter = new CommittedFilter(aborted.filter(({ lastOffset }) => lastOffset >= from))
      for (let offset = from; offset < steps.length; offset++) {
        const { producer, kind } = steps[offset]!
        const identity = { producerId: BigInt(producer), lastOffset: offset, isTransactional: kind !== 'plain' }
        if (kind === 'commit' || kind === 'abort') filter.ended(identity)
        else expect(filter.isAborted(identity)).toBe(isLost.has(offset))
      }
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeHead } from './head-of-line.ts'

const LIMITS = { recordsPerPartitionMax: 1_000, headCrowdedMsMax: 10_000, headOverdueMsMax: 300_000 }

const heads = fc
  .record({
    handedForMs: fc.option(fc.nat(1_000_000)),
    spanRecords: fc.integer({ min: 1, max: 1_200 }),
    othersBegun: fc.nat(100),
    progressAgoMs: fc.nat(1_000_000),
  })
  .chain((head) => fc.nat(head.spanRecords - 1).map((doneRecords) => ({ ...head, doneRecords })))

test('a record is given up only for what it does to the others, and only after its time', () => {
  fc.assert(
    fc.property(heads, (head) => {
      const verdict = judgeHead(head, LIMITS)
      if (verdict === null) return
      expect(head.handedForMs).not.toBeNull()
      if (verdict === 'crowded') {
        expect(head.handedForMs).toBeGreaterThanOrEqual(LIMITS.headCrowdedMsMax)
        expect(head.spanRecords).toBeGreaterThan(800)
        expect(head.doneRecords).toBeGreaterThan(head.spanRecords / 2)
      } else {
        expect(head.handedForMs).toBeGreaterThanOrEqual(LIMITS.headOverdueMsMax)
        expect(head.othersBegun === 0 || head.progressAgoMs <= 30_000).toBe(true)
      }
    }),
  )
})

test('no partition blocks for ever: a full buffer that is mostly done, and an overdue record, are freed', () => {
  fc.assert(
    fc.property(heads, (head) => {
      const full = { ...head, spanRecords: 1_000, doneRecords: 501, handedForMs: 10_000 }
      expect(judgeHead(full, LIMITS)).toBe('crowded')
      expect(judgeHead({ ...head, handedForMs: 600_000, progressAgoMs: 1_000 }, LIMITS)).not.toBeNull()
    }),
  )
})

test('once a record is to be given up, more time, more done behind it or a fuller hold never save it', () => {
  fc.assert(
    fc.property(heads, fc.nat(100_000), fc.nat(100), (head, laterMs, moreDone) => {
      if (judgeHead(head, LIMITS) === null) return
      const later = {
        ...head,
        handedForMs: head.handedForMs! + laterMs,
        spanRecords: head.spanRecords + moreDone,
        doneRecords: head.doneRecords + moreDone,
      }
      expect(judgeHead(later, LIMITS)).not.toBeNull()
    }),
  )
})

test('a general outage is no block: nothing got through since, and others were tried as well', () => {
  const outage = { handedForMs: 900_000, spanRecords: 500, doneRecords: 3, othersBegun: 50, progressAgoMs: 890_000 }
  expect(judgeHead(outage, LIMITS)).toBeNull()
  expect(judgeHead({ ...outage, handedForMs: null }, LIMITS)).toBeNull()
  expect(judgeHead({ ...outage, othersBegun: 0 }, LIMITS)).toBe('overdue')
})

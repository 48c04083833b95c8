import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PostSlots, type Slot, type SlotOwner } from './post-slots.ts'

const BOUNDS = { requestsMax: 512, perCustomerMax: 128, perEndpointMax: 64 }

function owner(endpointId: string, customerId = endpointId, origin = `https://${endpointId}`): SlotOwner {
  return { endpointId, customerId, origin }
}

/** Begins posts until none may begin. */
function fill(slots: PostSlots, of: SlotOwner, nowMs = 0): Slot[] {
  const begun: Slot[] = []
  for (let slot = slots.begin(of, nowMs); slot; slot = slots.begin(of, nowMs)) begun.push(slot)
  return begun
}

/** Lets an endpoint answer so often quickly. */
function prove(slots: PostSlots, of: SlotOwner, times: number): void {
  for (let time = 0; time < times; time++) {
    const slot = slots.begin(of, 0)!
    slot.succeeded(0)
    slot.end()
  }
}

test('what is in flight counts, not only what has ended: one that hangs gets no more after a second', () => {
  const slots = new PostSlots(BOUNDS)
  expect(fill(slots, owner('hangs'))).toHaveLength(8)
  expect(slots.isClosed('hangs', 1_000)).toBe(false)
  expect(slots.isClosed('hangs', 1_001)).toBe(true)
  expect(slots.begin(owner('hangs'), 1_001)).toBeNull()
  expect(slots.begin(owner('other'), 1_001)).not.toBeNull()
})

test('a proven endpoint gets more, but an eighth of what is left free at most', () => {
  const slots = new PostSlots(BOUNDS)
  prove(slots, owner('good'), 100)
  expect(fill(slots, owner('good'))).toHaveLength(57)
})

test('twenty endpoints that worked and then hang all at once leave room for another', () => {
  const slots = new PostSlots(BOUNDS)
  const owners = Array.from({ length: 20 }, (_, index) => owner(`e${index}`))
  for (const each of owners) prove(slots, each, 60)
  for (const each of owners) fill(slots, each)
  expect(fill(slots, owner('late')).length).toBeGreaterThan(1)
})

test('a thousand endpoints that worked and then hang all at once give their slots back after a second', () => {
  const slots = new PostSlots(BOUNDS)
  const owners = Array.from({ length: 1_000 }, (_, index) => owner(`e${index}`))
  for (const each of owners) prove(slots, each, 60)
  const begun = owners.flatMap((each) => fill(slots, each))
  expect(slots.begin(owner('late'), 0)).toBeNull()
  expect(begun.every((slot) => slot.slow())).toBe(true)
  expect(slots.inFlight).toBe(512)
  const more = owners.map((each) => slots.begin(each, 999)).filter((slot) => slot !== null)
  expect(more.length).toBeGreaterThan(100)
  // There are as many slow ones as may be: these must be broken off.
  expect(more.some((slot) => slot.slow())).toBe(false)
  for (const slot of more) slot.end()
  expect(fill(slots, owner('late'), 1_001).length).toBeGreaterThan(7)
})

test('thousands of new endpoints that hang leave half of all slots to those that work', () => {
  const slots = new PostSlots(BOUNDS)
  prove(slots, owner('good'), 60)
  for (let index = 0; index < 3_000; index++) fill(slots, owner(`bad${index}`))
  expect(slots.inFlight).toBe(256)
  expect(fill(slots, owner('good')).length).toBeGreaterThan(20)
})

test('many endpoints of one customer, or of one server, do not take what others need', () => {
  for (const shared of [
    (index: number) => owner(`e${index}`, 'greedy'),
    (index: number) => owner(`e${index}`, `c${index}`, 'https://saas'),
  ]) {
    const slots = new PostSlots(BOUNDS)
    for (let index = 0; index < 1_000; index++) prove(slots, shared(index), 60)
    for (let index = 0; index < 1_000; index++) fill(slots, shared(index))
    expect(slots.inFlight).toBeLessThanOrEqual(256)
    expect(fill(slots, owner('other')).length).toBeGreaterThan(7)
  }
})

test('a slow receiver that answers goes on', () => {
  const slots = new PostSlots(BOUNDS)
  let nowMs = 0
  for (let round = 0; round < 20; round++) {
    const begun = fill(slots, owner('slow'), nowMs)
    expect(begun.length).toBeGreaterThan(0)
    nowMs += 3_000
    for (const slot of begun) {
      slot.succeeded(nowMs)
      slot.end()
    }
  }
  const first = slots.begin(owner('slow'), nowMs)
  expect(first).not.toBeNull()
  expect(slots.isClosed('slow', nowMs + 3_000)).toBe(false)
})

test('after five failures in a row nothing is posted for a while that doubles; a probe may be', () => {
  const slots = new PostSlots(BOUNDS)
  const failOnce = (nowMs: number): void => {
    const slot = slots.begin(owner('broken'), nowMs, true)!
    slot.failed(nowMs)
    slot.end()
  }
  for (let time = 0; time < 5; time++) failOnce(0)
  expect(slots.begin(owner('broken'), 14_999)).toBeNull()
  failOnce(14_999)
  expect(slots.isClosed('broken', 44_998)).toBe(true)
  expect(slots.begin(owner('broken'), 44_999)).not.toBeNull()
})

test('whatever happens, bounds hold and every slot is given back once', () => {
  const step = fc.record({
    endpoint: fc.nat(12),
    what: fc.constantFrom('begin', 'succeed', 'fail', 'slow', 'end'),
    ms: fc.nat(3_000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const slots = new PostSlots({ requestsMax: 20, perCustomerMax: 6, perEndpointMax: 4 })
      const open: { endpoint: number; slot: Slot }[] = []
      let nowMs = 0
      for (const { endpoint, what, ms } of steps) {
        nowMs += ms
        const held = open.find((each) => each.endpoint === endpoint)
        if (what === 'begin') {
          const slot = slots.begin(owner(`e${endpoint}`, `c${endpoint % 4}`), nowMs)
          if (slot) open.push({ endpoint, slot })
        } else if (what === 'succeed') held?.slot.succeeded(nowMs)
        else if (what === 'fail') held?.slot.failed(nowMs)
        else if (what === 'slow') held?.slot.slow()
        else if (held) {
          held.slot.end()
          held.slot.end()
          open.splice(open.indexOf(held), 1)
        }
        expect(slots.inFlight).toBe(open.length)
        expect(open.length).toBeLessThanOrEqual(40)
        for (let each = 0; each <= 12; each++)
          expect(open.filter((other) => other.endpoint === each).length).toBeLessThanOrEqual(4)
        for (let customer = 0; customer < 4; customer++)
          expect(open.filter((other) => other.endpoint % 4 === customer).length).toBeLessThanOrEqual(6)
      }
      for (const { slot } of open) slot.end()
      expect(slots.inFlight).toBe(0)
    }),
  )
})

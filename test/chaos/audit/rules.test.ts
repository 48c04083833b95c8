import { expect, test } from 'vitest'
import type { Acceptance } from '../load/acceptance-log.ts'
import { audit } from './all-rules.ts'
import type { Facts, Submit } from './facts.ts'
import { soundFacts } from './sound-facts.ts'

test('facts of a campaign in which all went well have no violation', () => {
  const findings = audit(soundFacts())
  expect(findings.flatMap(({ violations }) => violations)).toEqual([])
  expect(findings.every(({ count }) => count > 0)).toBe(true)
})

type Change = (facts: Facts) => Partial<Facts>

/** What is wrong, which check must say so, with which words. */
const WRONG: readonly (readonly [string, string, RegExp, Change])[] = [
  ['an accepted message is not stored', 'A1', /1 was accepted and is not stored/, without('messages', 'smsId', 1)],
  [
    'a stored message was not acknowledged',
    'A1',
    /3 is stored under key-3 and was not acknowledged/,
    (facts) => ({
      client: facts.client.filter(({ smsId }) => smsId !== 3),
    }),
  ],
  [
    'a key asked again is another message',
    'A1',
    /key-1 was 1, and 2/,
    (facts) => ({
      client: facts.client.map((entry) => (entry.kind === 'repeated' ? { ...entry, smsId: 2 } : entry)),
    }),
  ],
  ['what is stored is not what was acknowledged', 'A1', /stored otherwise/, change('messages', { cost: 200 })],
  [
    'two keys are one message',
    'A1',
    /acknowledged for two keys/,
    (facts) => ({ client: [...facts.client, acceptance(facts, 1)] }),
  ],
  [
    'a record is missing',
    'A2',
    /2 is not on sms.delivery/,
    (facts) => ({
      topics: { ...facts.topics, delivery: facts.topics.delivery.filter(({ event }) => event?.sms_id !== 2) },
    }),
  ],
  ['a message has no final status', 'A2', /1 has no final status: it is accepted/, without('states', 'smsId', 1)],
  [
    'a final status is left again',
    'A2',
    /delivered → failed/,
    change('states', {
      status: 'failed',
      timeline: ['queued', 'delivered', 'failed'],
    }),
  ],
  ['no event says so', 'A2', /no event says so/, (facts) => ({ topics: { ...facts.topics, status: [] } })],
  [
    'a submit comes twice',
    'A3',
    /1.1 was submitted twice/,
    (facts) => ({
      submits: [...facts.submits, facts.submits[0]!],
    }),
  ],
  ['a submit was never begun', 'A3', /1.1 was submitted and never begun/, without('attempts', 'smsId', 1)],
  [
    'another attempt without reason',
    'A3',
    /3.2 was submitted after an attempt that ended as sent/,
    (facts) => ({
      attempts: facts.attempts.map((each) => ({ ...each, outcome: 'sent', possibleDuplicate: false })),
    }),
  ],
  ['a submit is another text', 'A3', /is not what was accepted/, change('submits', { textSha256: 'other' })],
  [
    'a duplicate is not flagged',
    'A3',
    /3 was taken 2 times and is not flagged/,
    change(
      'states',
      {
        possibleDuplicate: false,
      },
      2,
    ),
  ],
  ['a flag has no reason', 'A3', /1 is flagged, and no answer/, change('states', { possibleDuplicate: true })],
  [
    'a message is charged twice',
    'A4',
    /was charged 2 times/,
    (facts) => ({
      books: [...facts.books, facts.books[1]!],
    }),
  ],
  [
    'a refund is lost',
    'A4',
    /2 cost 100 and left 0 reserved; it is 0 and 0/,
    (facts) => ({
      books: facts.books.map((entry) => (entry.kind === 'release' ? { ...entry, balance: 0 } : entry)),
    }),
  ],
  ['a message is never settled', 'A4', /1 was settled 0 times/, without('books', 'kind', 'capture')],
  [
    'what was taken is given back',
    'A4',
    /1 was taken by the operator \(all of its parts\) and given back/,
    (facts) => ({
      books: facts.books.map((entry) =>
        entry.ref === 1 && entry.kind === 'capture' ? { ...entry, kind: 'release', balance: 100 } : entry,
      ),
    }),
  ],
  ['a balance is off by one', 'A4', /c has 801/, change('balances', { balance: 801 })],
  [
    'a message overtakes on the topic',
    'A5',
    /overtook 1 in sms.delivery/,
    (facts) => ({
      topics: { ...facts.topics, delivery: swapped(facts.topics.delivery) },
    }),
  ],
  [
    'a message overtakes at the operator',
    'A5',
    /overtook 1 in first submits/,
    (facts) => ({
      submits: swapped(facts.submits),
    }),
  ],
  [
    'a message overtakes one that is tried again',
    'A5',
    /3 overtook 1 in takes/,
    (facts) => ({
      submits: [{ ...facts.submits[0]!, result: 'temporary' }, ...facts.submits.slice(1), facts.submits[0]!],
    }),
  ],
  ['a webhook does not come', 'A6', /1 is delivered, and no webhook/, without('webhooks', 'id', 'event-1')],
  ['a webhook was only ever refused', 'A6', /1 is delivered, and no webhook/, change('webhooks', { answered: 500 })],
  ['a signature does not hold', 'A6', /signature that does not hold/, change('webhooks', { timestamp: '8' })],
  [
    'an id says two things',
    'A6',
    /said two things/,
    (facts) => ({
      webhooks: [...facts.webhooks, { ...facts.webhooks[1]!, id: 'event-1' }],
    }),
  ],
  [
    'ClickHouse lacks a message',
    'A7',
    /1 is not in ClickHouse/,
    (facts) => ({
      analytics: { ...facts.analytics!, accepted: [2, 3] },
    }),
  ],
  [
    'ClickHouse has another status',
    'A7',
    /1 is delivered, in ClickHouse failed/,
    (facts) => ({
      analytics: { ...facts.analytics!, finals: new Map([...facts.analytics!.finals, [1, 'failed']]) },
    }),
  ],
  ['the outbox is not empty', 'A8', /the outbox has 1 rows/, () => ({ outboxRows: 1 })],
  ['a group lags', 'A8', /is 5 behind/, change('lags', { lag: 5 })],
  ['a dead letter has no reason', 'A8', /which no fault explains/, () => ({ planted: [] })],
  [
    'a planted record is no dead letter',
    'A8',
    /is no dead letter of delivery-worker-group/,
    (facts) => ({
      topics: { ...facts.topics, deadLetters: [] },
    }),
  ],
  [
    'a log has a number',
    'A9',
    /api.log:7 has a phone number/,
    () => ({
      leaks: { filesRead: 1, found: [{ file: 'api.log', line: 7, what: 'a phone number' }] },
    }),
  ],
  [
    'a committed offset goes back',
    'B',
    /went from 7 to 5/,
    (facts) => ({
      commits: { ...facts.commits, history: { ...facts.commits.history, back: [{ place: 'g t[0]', from: 7, to: 5 }] } },
    }),
  ],
  [
    'a commit is lost',
    'B',
    /went from 7 to 5/,
    (facts) => ({
      commits: { ...facts.commits, history: { ...facts.commits.history, written: new Set(['g t[0] 5']) } },
    }),
  ],
  [
    'the audit log lacks a record',
    'C',
    /is not in the audit log/,
    (facts) => ({
      auditLog: { ...facts.auditLog, entries: new Map() },
    }),
  ],
  [
    'the audit log is broken',
    'C',
    /a line was changed/,
    (facts) => ({
      auditLog: { ...facts.auditLog, fault: 'a line was changed' },
    }),
  ],
]

test.each(WRONG)('%s: %s names it', (_, check, says, change) => {
  const facts = soundFacts()
  const findings = audit({ ...facts, ...change(facts) }).filter(({ violations }) => violations.length > 0)
  const named = findings.filter((finding) => finding.check === check).flatMap(({ violations }) => violations)
  expect(named.some((violation) => says.test(violation))).toBe(true)
})

test('the evidence of a wrong message is what the sources have of it', () => {
  const facts = soundFacts()
  const found = audit({ ...facts, ...change('books', { kind: 'release', balance: 100 }, PAYMENT)(facts) })
  expect(found.find(({ check }) => check === 'A4')!.evidence).toEqual([
    "1: 1 segments for 100; state queued → sending → sent → delivered; attempts 1.1 sent; operator's ledger 1.1 of 1 taken; books reserve, release",
  ])
})

test('a message of two parts is sound when each part was taken once', () => {
  const findings = audit(inTwoParts(soundFacts()))
  expect(findings.flatMap(({ violations }) => violations)).toEqual([])
})

const WRONG_PARTS: readonly (readonly [string, string, RegExp, (submits: readonly Submit[]) => Submit[]])[] = [
  [
    'a part is never taken',
    'A4',
    /1 is delivered, was not taken by the operator \(some of its parts\)/,
    ([, ...others]) => others,
  ],
  [
    'a part is another text',
    'A3',
    /1.1 is not what was accepted/,
    ([first, ...others]) => [{ ...first!, textSha256: 'part 2' }, ...others],
  ],
  ['a part is submitted twice', 'A3', /1.1 was submitted twice/, ([first, ...others]) => [first!, first!, ...others]],
  [
    'a part that was taken is submitted again',
    'A3',
    /1.2 was submitted after an attempt that ended as sent/,
    ([first, ...others]) => [first!, ...others, { ...first!, ref: '1.2' }],
  ],
  [
    'a part is taken twice',
    'A3',
    /1 was taken 2 times/,
    ([first, ...others]) => [first!, { ...first!, ref: '1.2' }, ...others],
  ],
  [
    'a message comes between the parts of another',
    'A5',
    /2 overtook 1 in takes/,
    ([first, second, third, ...others]) => [first!, { ...third!, result: 'taken' }, second!, ...others],
  ],
]

test.each(WRONG_PARTS)('of a message of two parts %s: %s names it', (_, check, says, wrong) => {
  const facts = inTwoParts(soundFacts())
  const named = audit({ ...facts, submits: wrong(facts.submits) }).filter((finding) => finding.check === check)
  expect(named.flatMap(({ violations }) => violations).some((violation) => says.test(violation))).toBe(true)
})

test('a message is paid when one of its parts was taken, although it failed', () => {
  const facts = inTwoParts(soundFacts())
  const isRefused = ({ part }: { part: number }): boolean => part === 2
  const refused: Facts = {
    ...facts,
    ...change('states', { status: 'failed', timeline: ['queued', 'sending', 'failed'] })(facts),
    attempts: facts.attempts.map((each) => (isRefused(each) ? { ...each, outcome: 'temporary' } : each)),
    submits: facts.submits.map((each) => (isRefused(each) ? { ...each, result: 'temporary' } : each)),
  }
  expect(ofMoney(refused)).toEqual([])
  const givenBack = change('books', { kind: 'release', balance: 100 }, PAYMENT)(refused)
  expect(ofMoney({ ...refused, ...givenBack })).toContainEqual(
    '1 was taken by the operator (some of its parts) and given back',
  )
  const untaken = refused.submits.filter(({ ref }) => ref !== '1.1')
  expect(ofMoney({ ...refused, submits: untaken })).toEqual([
    '1 is failed, was not taken by the operator (none of its parts) and not given back',
  ])
})

test('a message that may have been taken is paid', () => {
  const facts = soundFacts()
  const unknown: Facts = {
    ...facts,
    ...change('states', { status: 'unknown', timeline: ['queued', 'sending', 'unknown'] })(facts),
    submits: facts.submits.filter(({ ref }) => ref !== '1.1'),
  }
  expect(ofMoney(unknown)).toEqual([])
})

test('where the only take is one whose answer was lost, both settlements are right', () => {
  const facts = soundFacts()
  const submits = facts.submits.filter(({ ref }) => ref !== '3.2')
  const attempts = facts.attempts.filter(({ smsId, attempt }) => smsId !== 3 || attempt === 1)
  expect(ofMoney({ ...facts, submits, attempts })).toEqual([])
})

test('without ClickHouse nothing is compared with it', () => {
  const found = audit({ ...soundFacts(), analytics: null }).find(({ check }) => check === 'A7')
  expect(found).toMatchObject({ count: 0, violations: [] })
})

function ofMoney(facts: Facts): readonly string[] {
  return audit(facts).find(({ check }) => check === 'A4')!.violations
}

type Lists = { [Name in keyof Facts]: Facts[Name] extends readonly object[] ? Name : never }[keyof Facts]

function without(list: Lists, field: string, value: unknown): Change {
  return (facts) => ({
    [list]: facts[list].filter((each) => (each as object as Record<string, unknown>)[field] !== value),
  })
}

/** Changes one entry of a list, the first by default. */
function change(list: Lists, fields: object, at = 0): Change {
  return (facts) => ({ [list]: facts[list].map((each, index) => (index === at ? { ...each, ...fields } : each)) })
}

/** The first two in the other order; their offsets, if they have any, stay where they are. */
function swapped<T extends object>([first, second, ...rest]: readonly T[]): T[] {
  const offsetOf = (each: T | undefined): object => (each && 'offset' in each ? { offset: each.offset } : {})
  return [{ ...second!, ...offsetOf(first) }, { ...first!, ...offsetOf(second) }, ...rest]
}

/** The entry of the sound facts' books that captures message 1. */
const PAYMENT = 4

/** Message 1 as one of two parts, each of which was taken. */
function inTwoParts(facts: Facts): Facts {
  const partSha256 = ['part 1', 'part 2']
  return {
    ...facts,
    ...change('messages', { segments: 2 })(facts),
    ...change('client', { segments: 2, partSha256 })(facts),
    attempts: facts.attempts.flatMap((each) =>
      each.smsId === 1 ? partSha256.map((_, index) => ({ ...each, part: index + 1 })) : [each],
    ),
    submits: facts.submits.flatMap((each) =>
      each.ref === '1.1'
        ? partSha256.map((textSha256, index) => ({ ...each, part: index + 1, parts: 2, textSha256 }))
        : [each],
    ),
  }
}

function acceptance(facts: Facts, smsId: number): Acceptance {
  return facts.client.find((entry): entry is Acceptance => entry.kind === 'accepted' && entry.smsId === smsId)!
}

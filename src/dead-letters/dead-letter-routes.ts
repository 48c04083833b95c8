import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { Problem, type ProblemCode } from '../domain/errors.ts'
import { answerProblems } from '../http/problems.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import { type ChangeBatch, type ChangeResult, changeByIds, changeMatching } from './change-dead-letters.ts'
import {
  DEAD_LETTER_STATES,
  type DeadLetterFilter,
  ERROR_PART_LENGTH_MIN,
  encodeCursor,
  parseCursor,
} from './dead-letter-filter.ts'
import { type DeadLetterPlace, parseDeadLetterId } from './dead-letter-id.ts'
import { discardDeadLetters } from './discard-dead-letters.ts'
import { DlqError } from './dlq-error.ts'
import { editDeadLetter } from './edit-dead-letter.ts'
import { countDeadLetters, listDeadLetters } from './list-dead-letters.ts'
import { redriveDeadLetters } from './redrive-dead-letters.ts'
import { showDeadLetter } from './show-dead-letter.ts'

export interface DeadLetterRouteParts {
  readonly pool: Pool
  readonly redrivesMax: number
  readonly log: Log
}

/**
 * The name of the caller, for the audit log. A header of our own also keeps pages of other sites from requesting a
 * change.
 */
const ACTOR = 'x-smsgw-by'
const DEAD_LETTERS_MAX = 10_000

const Filter = Type.Object(
  {
    reason: Type.Optional(Type.String()),
    customer: Type.Optional(Type.String()),
    operator: Type.Optional(Type.String()),
    topic: Type.Optional(Type.String()),
    sms_id: Type.Optional(Type.Integer({ minimum: 1 })),
    error: Type.Optional(Type.String({ minLength: ERROR_PART_LENGTH_MIN })),
    from: Type.Optional(Type.String({ format: 'date-time' })),
    to: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { additionalProperties: false },
)

const ListQuery = Type.Object(
  {
    ...Filter.properties,
    state: Type.Optional(Type.Enum([...DEAD_LETTER_STATES, 'all'])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    after: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

/** Dead letters by their ids, or open ones by a filter; with `preview` they are only counted. */
const Change = Type.Object(
  {
    ids: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: DEAD_LETTERS_MAX })),
    filter: Type.Optional(Filter),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: DEAD_LETTERS_MAX })),
    preview: Type.Optional(Type.Boolean()),
    note: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
)

const Edited = Type.Object(
  { value: Type.Unknown(), revision: Type.Optional(Type.Integer({ minimum: 0 })) },
  { additionalProperties: false },
)

type Change = Static<typeof Change>

/** The admin API of dead letters: what `smsgw dlq` does, over HTTP. */
export function deadLetterRoutes(app: FastifyInstance, { pool, redrivesMax, log }: DeadLetterRouteParts): void {
  answerProblems(app, log)
  route(app, 'GET', '/v1/dead-letters', { querystring: ListQuery }, async (request) => {
    const query = request.query as Static<typeof ListQuery>
    const after = query.after === undefined ? null : parseCursor(query.after)
    if (query.after !== undefined && !after) throw new Problem('invalid-request', '`after` is not from a list.')
    const { letters, next } = await listDeadLetters(
      pool,
      filterOf(query, query.state ?? 'open'),
      after,
      query.limit ?? 50,
    )
    return { letters, next: next && encodeCursor(next) }
  })
  route(app, 'GET', '/v1/dead-letters/:id', {}, async (request) => showDeadLetter(pool, placeOf(request)))
  route(app, 'PUT', '/v1/dead-letters/:id/value', { body: Edited }, async (request) => {
    const { value, revision } = request.body as Static<typeof Edited>
    const place = placeOf(request)
    const change = (): string => JSON.stringify(value)
    await editDeadLetter(pool, place, { by: actorOf(request), change, revision: revision ?? null })
    return showDeadLetter(pool, place)
  })
  route(app, 'POST', '/v1/dead-letters/redrive', { body: Change }, async (request) => {
    const options = { by: actorOf(request), redrivesMax }
    return change(pool, request.body as Change, (choice) => redriveDeadLetters(pool, choice, options))
  })
  route(app, 'POST', '/v1/dead-letters/discard', { body: Change }, async (request) => {
    const { note } = request.body as Change
    const options = { by: actorOf(request), note: note ?? null }
    return change(pool, request.body as Change, (choice) => discardDeadLetters(pool, choice, options))
  })
}

function route(
  app: FastifyInstance,
  method: 'GET' | 'PUT' | 'POST',
  url: string,
  schema: { querystring?: TSchema; body?: TSchema },
  handle: (request: FastifyRequest) => Promise<unknown>,
): void {
  app.route({
    method,
    url,
    schema,
    handler: (request) =>
      handle(request).catch((error: unknown) => {
        throw error instanceof DlqError ? toProblem(error) : error
      }),
  })
}

async function change(
  pool: Pool,
  { ids, filter, limit = DEAD_LETTERS_MAX, preview }: Change,
  changeBatch: ChangeBatch,
): Promise<ChangeResult | { matching: number; by_reason: unknown[] }> {
  if ((ids === undefined) === (filter === undefined)) {
    throw new Problem('invalid-request', 'Give either `ids` or a `filter`; an empty filter means all that are open.')
  }
  if (ids) return changeByIds(ids.map(parseDeadLetterId), changeBatch)
  const wanted = filterOf(filter!, 'open')
  if (!preview) return changeMatching(wanted, limit, changeBatch)
  const counts = await countDeadLetters(pool, wanted, limit)
  return { matching: counts.reduce((sum, { letters }) => sum + letters, 0), by_reason: counts }
}

function filterOf(query: Static<typeof Filter>, state: DeadLetterFilter['state']): DeadLetterFilter {
  const { reason, customer, operator, topic, sms_id, error, from, to } = query
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(customer === undefined ? {} : { customerId: customer }),
    ...(operator === undefined ? {} : { operator }),
    ...(topic === undefined ? {} : { topic }),
    ...(sms_id === undefined ? {} : { smsId: sms_id }),
    ...(error === undefined ? {} : { error }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  }
}

function placeOf(request: FastifyRequest): DeadLetterPlace {
  return parseDeadLetterId((request.params as { id: string }).id)
}

function actorOf(request: FastifyRequest): string {
  const by = request.headers[ACTOR]
  if (typeof by === 'string' && by !== '') return by
  throw new Problem('invalid-request', `Give your name in the header ${ACTOR}.`)
}

function toProblem(error: DlqError): Problem {
  const codes = { unknown: 'not-found', conflict: 'conflict', invalid: 'invalid-request' } as const
  const code: ProblemCode = codes[error.kind]
  return new Problem(code, error.message, error.pointers)
}

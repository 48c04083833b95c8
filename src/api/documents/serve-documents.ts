import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { PROBLEMS, Problem } from '../../domain/errors.ts'
import { PreparedDocument } from './prepared-document.ts'
import { REFERENCE_PAGE, REFERENCE_POLICY, readReferenceScript } from './reference-page.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const MINUTES = 60
const HOURS = 60 * MINUTES

/** One for all APIs of a process, as it is large. */
const script = new PreparedDocument(readReferenceScript, {
  type: 'text/javascript; charset=utf-8',
  maxAgeSeconds: HOURS,
})

/** Prepares what takes long, so that no request has to wait for it. */
export async function prepareDocuments(): Promise<void> {
  await script.prepare()
}

/**
 * The public documents: the API's description, its reference page and the catalogue of errors. `sent` is called with
 * the bytes of each answer, for the limiter. `prepare` is to be called when all routes are there.
 */
export function serveDocuments(
  app: FastifyInstance,
  sent: (request: FastifyRequest, bytes: number) => void,
): { readonly prepare: () => Promise<void> } {
  const serve = (url: string, document: PreparedDocument): void => {
    app.get(url, { schema: { hide: true } }, (request, reply) => answer(document, request, reply, sent))
  }
  const readDescription = (): string => JSON.stringify(app.swagger())
  const description = new PreparedDocument(readDescription, { type: JSON_TYPE, maxAgeSeconds: 5 * MINUTES })
  serve('/openapi.json', description)
  const page = { type: 'text/html; charset=utf-8', maxAgeSeconds: 5 * MINUTES }
  const headers = { 'content-security-policy': REFERENCE_POLICY }
  serve('/docs/', new PreparedDocument(() => REFERENCE_PAGE, { ...page, headers }))
  serve('/docs/js/scalar.js', script)
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => reply.redirect('docs/', 301))
  serveErrors(app, sent)
  return {
    prepare: async () => {
      await description.prepare()
    },
  }
}

const ERROR_SCHEMA = {
  operationId: 'readError',
  summary: 'Read the description of a problem',
  description: 'The `type` of every problem leads here.',
  tags: ['service'],
  params: Type.Object({ code: Type.String({ examples: ['no-route'] }) }),
  response: {
    200: Type.Object({
      code: Type.String(),
      status: Type.Integer(),
      retry: Type.Enum(['now', 'later', 'never']),
      title: Type.String(),
      remedy: Type.String({ description: 'What to do about it' }),
      documentation: Type.String({ description: 'The document of the source that says what to do' }),
    }),
    304: Type.Null({ description: 'What `If-None-Match` names is still so' }),
  },
}

/** GET /errors/{code}: what the `type` of a problem points to. */
function serveErrors(app: FastifyInstance, sent: (request: FastifyRequest, bytes: number) => void): void {
  const documents = new Map(
    Object.entries(PROBLEMS).map(([code, problem]) => {
      const text = JSON.stringify({ code, ...problem, documentation: 'docs/errors.md' })
      return [code, new PreparedDocument(() => text, { type: JSON_TYPE, maxAgeSeconds: HOURS })]
    }),
  )
  app.get<{ Params: { code: string } }>(
    '/errors/:code',
    { config: { problems: ['not-found'] }, schema: ERROR_SCHEMA },
    (request, reply) => {
      const document = documents.get(request.params.code)
      if (!document) throw new Problem('not-found', 'Unknown error code.')
      return answer(document, request, reply, sent)
    },
  )
}

async function answer(
  document: PreparedDocument,
  request: FastifyRequest,
  reply: FastifyReply,
  sent: (request: FastifyRequest, bytes: number) => void,
): Promise<FastifyReply> {
  sent(request, await document.send(request, reply))
  return reply
}

import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifySchema, RouteOptions } from 'fastify'
import { readManifest } from '../../runtime/package-files.ts'
import { problemResponses } from './problem-responses.ts'
import { problemsOf } from './route-problems.ts'

/** Of every answer to a request with a valid key, if limits are set. */
const LIMIT_HEADERS = {
  RateLimit: { type: 'string', description: 'The limit that is nearest, and what is left of it' },
  'RateLimit-Policy': { type: 'string', description: 'Requests, messages and bytes that your keys may use together' },
}

/** How @fastify/swagger describes the API. Problem responses follow from the problems that each route declares. */
export function openApiOptions(): FastifyDynamicSwaggerOptions {
  return {
    hideUntagged: true,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'SMS gateway', version: readManifest().version, description: DESCRIPTION },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: withProblems(schema, route), url }),
  }
}

const DESCRIPTION = `Send text messages and follow their status.

Every error is a problem document (RFC 9457). A request that is not of the described form is answered 400; what depends
on more than the request (balance, routes, senders, earlier requests under its key) is answered 402, 403, 409 or 422.

Some strings have a form that no pattern describes. Their \`format\` names it:

| format | form |
|---|---|
| \`phone\` | a number with its country code, digits of any script, of a length that its country uses |
| \`sms-text\` | characters that phones show, in at most as many segments as the gateway permits (10 unless set otherwise) |
| \`sms-text-of-encoding\` | the same, of characters that the chosen \`encoding\` has |
| \`sms-sender\` | a name of up to 11 ASCII characters, a short code, or a number |
| \`future-date-time\` | a time of ISO 8601 with its offset, in the future, at most as many days ahead as the gateway permits (30 unless set otherwise) |
`

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the description has in the place of schemas that only check the outline, or only serialize. */
    described?: { readonly body?: object; readonly response?: Readonly<Record<number, object>> }
  }
}

function withProblems(schema: FastifySchema | undefined, route: RouteOptions): FastifySchema {
  const described = route.config?.described
  const success = Object.entries({ ...(schema?.response as object), ...described?.response })
  const isKeyed = route.config?.isForCustomers === true
  const answers = success.map(([status, answer]) => [
    status,
    isKeyed
      ? { ...answer, headers: { ...LIMIT_HEADERS, ...('headers' in answer ? (answer.headers as object) : {}) } }
      : answer,
  ])
  const response = { ...Object.fromEntries(answers), ...problemResponses(problemsOf(route)) }
  return {
    ...schema,
    ...(described?.body ? { body: described.body } : {}),
    ...(isKeyed ? {} : { security: [] }),
    response,
  }
}

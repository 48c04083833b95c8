import { METHODS } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/errors.ts'

/** Node passes this one to no handler. */
const UNROUTABLE = new Set(['CONNECT'])

/**
 * Every path that is known answers the methods that it does not take with 405 and `Allow` (RFC 9110, section 15.5.6),
 * before a key is checked and a body is read. To be called before the first route; `complete` after the last.
 */
export function refuseOtherMethods(app: FastifyInstance): { readonly complete: () => void } {
  const byPath = new Map<string, Set<string>>()
  const methods = METHODS.filter((method) => !UNROUTABLE.has(method))
  for (const method of methods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  }
  let isComplete = false
  app.addHook('onRoute', ({ url, method }) => {
    if (isComplete) return
    const taken = byPath.get(url) ?? new Set()
    for (const each of [method].flat()) taken.add(each)
    byPath.set(url, taken)
  })
  const complete = (): void => {
    isComplete = true
    for (const [url, taken] of byPath) {
      const allow = [...taken].sort().join(', ')
      const refuse = (): never => {
        throw new Problem('method-not-allowed', `Allowed methods: ${allow}.`)
      }
      app.route({
        method: methods.filter((method) => !taken.has(method)),
        url,
        schema: { hide: true },
        onRequest: async (_request, reply) => {
          reply.header('allow', allow)
          refuse()
        },
        handler: refuse,
      })
    }
  }
  return { complete }
}

import { readFileSync } from 'node:fs'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { hostNameOf, isAddressHost, isLoopbackHost, judgeOrigin } from '../runtime/judge-origin.ts'
import { isSameSecret } from '../runtime/same-secret.ts'
import { ConfigurationError, type Values } from '../runtime/settings.ts'
import type { adminSettings } from './config.ts'

const TOKEN_CHARACTERS_MIN = 16
const REQUEST_MS_MAX = 10_000
const CONNECTIONS_MAX = 200
/** For Kubernetes and Prometheus, which have no token: how the processes are, and figures, but no message. */
const OPEN_PATHS = new Set(['/livez', '/readyz', '/metrics'])

export interface AdminAccess {
  readonly host: string
  readonly port: number
  /** Empty: none is required, which only an address of this machine allows. */
  readonly token: string
  /** Names besides addresses that `Host` may have. */
  readonly names: ReadonlySet<string>
}

type AdminSettings = Values<typeof adminSettings>

/**
 * The address and the access of the admin port. Throws ConfigurationError when others could reach it and no token is
 * required, or the token can be guessed.
 */
export function readAdminAccess(settings: AdminSettings): AdminAccess {
  const { ADMIN_HOST: host, ADMIN_PORT: port, ADMIN_NAMES, ADMIN_TOKEN_FILE: file } = settings
  const token = file === '' ? settings.ADMIN_TOKEN : readToken(file)
  if (token === '' && !isLoopback(host)) {
    throw new ConfigurationError([
      `ADMIN_HOST is ${host}, which others reach, and there is no ADMIN_TOKEN or ADMIN_TOKEN_FILE: set one, ` +
        'for instance of `openssl rand -hex 32`, or let ADMIN_HOST be 127.0.0.1',
    ])
  }
  if (token !== '' && token.length < TOKEN_CHARACTERS_MIN) {
    throw new ConfigurationError([`ADMIN_TOKEN has fewer than ${TOKEN_CHARACTERS_MIN} characters`])
  }
  const names = new Set(
    ADMIN_NAMES.toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  )
  return { host, port, token, names }
}

/**
 * The server of an admin port, without routes. Before anything of a request is read, host and origin are compared, and
 * the token on all paths but those of health and metrics. Bodies are JSON alone, and a field that is not known is
 * refused: left out in silence, a misspelt filter would let everything through.
 */
export function createAdminApp(access: AdminAccess): FastifyInstance {
  const app = Fastify({
    forceCloseConnections: true,
    requestTimeout: REQUEST_MS_MAX,
    connectionTimeout: 3 * REQUEST_MS_MAX,
    ajv: { customOptions: { removeAdditional: false } },
  })
  app.server.maxConnections = CONNECTIONS_MAX
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (request, reply) => {
    const refusal = judge(request, access)
    if (refusal) await refuse(reply, ...refusal)
  })
  return app
}

/** Status and reason for a request that is refused; null for one that is allowed. */
function judge({ headers, url }: FastifyRequest, access: AdminAccess): [number, string] | null {
  const isKnown = (host: string): boolean =>
    isLoopbackHost(host) || access.names.has(hostNameOf(host)) || (!isLoopback(access.host) && isAddressHost(host))
  const judgement = judgeOrigin(headers, isKnown)
  if (judgement === 'foreign-host') {
    return [403, 'Host is not one of this port. Use its address, or add the name to ADMIN_NAMES.']
  }
  if (judgement === 'foreign-origin') return [403, 'Pages of other origins are not answered.']
  if (access.token === '' || OPEN_PATHS.has(url.split('?')[0]!)) return null
  const given = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
  return isSameSecret(given, access.token) ? null : [401, 'The admin API asks for its token: Authorization: Bearer …']
}

async function refuse(reply: FastifyReply, status: number, detail: string): Promise<void> {
  const title = status === 401 ? 'Not authenticated' : 'Refused'
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  // A body that follows is not read.
  reply.header('connection', 'close')
  await reply.status(status).type('application/problem+json').send({ title, status, detail })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host)
}

function readToken(file: string): string {
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ConfigurationError([`ADMIN_TOKEN_FILE cannot be read: ${(error as Error).message}`])
  }
  if (token === '') throw new ConfigurationError([`ADMIN_TOKEN_FILE ${file} is empty`])
  return token
}

import { AuthenticationError, NetworkError } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { KafkaError, KafkaUnreachableError } from '../kafka/errors.ts'
import { ConfigurationError } from '../runtime/settings.ts'
import { isServerUnavailable } from './server-unavailable.ts'

const coded = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code, ...more })
const wrapped = (cause: unknown): Error => new Error('PostgreSQL does not answer as DATABASE_URL says', { cause })
const unreachable = (...errors: Error[]): Error =>
  new KafkaUnreachableError('no Kafka broker answers', { cause: new AggregateError(errors) })

test.each([
  ['a refused connection', coded('ECONNREFUSED')],
  ['a socket that is not there', coded('ENOENT', { syscall: 'connect' })],
  ['a name that is not known yet', coded('ENOTFOUND')],
  ['a server that recovers', coded('57P03')],
  ['a full disk', coded('53100')],
  ['too many connections', coded('53300')],
  ['a connection that broke', new Error('Connection terminated unexpectedly')],
  ['no answer in time', new Error('timeout expired')],
  ['no broker', unreachable(new NetworkError('Connection failed', { cause: coded('ECONNREFUSED') }))],
  ['a login that broke off', unreachable(new AuthenticationError('SASL', { cause: coded('ECONNRESET') }))],
  ['a coordinator that loads', new KafkaError(14, 'joining')],
])('%s passes', (_name, error) => {
  expect(isServerUnavailable(error)).toBe(true)
  expect(isServerUnavailable(wrapped(error))).toBe(true)
})

test.each([
  ['a wrong password', coded('28P01')],
  ['a user that may not', coded('28000')],
  ['an unknown database', coded('3D000')],
  ['a missing permission', coded('42501')],
  ['a socket that may not be used', coded('EACCES', { syscall: 'connect' })],
  ['a missing file', coded('ENOENT', { syscall: 'open' })],
  ['a server without TLS', new Error('The server does not support SSL connections')],
  ['a port that is taken', coded('EADDRINUSE')],
  ['a refused login', unreachable(new NetworkError('x', { cause: new AuthenticationError('SASL') }))],
  ['an untrusted certificate', unreachable(coded('ECONNREFUSED'), coded('SELF_SIGNED_CERT_IN_CHAIN'))],
  ['a topic that may not be created', new KafkaError(29, 'creating topics')],
  ['an invalid setting', new ConfigurationError(['PORT must be a number'])],
  ['a slip of ours', new TypeError('x is not a function')],
])('%s stays wrong', (_name, error) => {
  expect(isServerUnavailable(error)).toBe(false)
  expect(isServerUnavailable(wrapped(error))).toBe(false)
})

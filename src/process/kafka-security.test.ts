import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../runtime/settings.ts'
import { kafkaSecurity } from './kafka-security.ts'
import { gatewaySettings } from './settings.ts'

const securityOf = (env: Record<string, string>) => kafkaSecurity(readSettings(gatewaySettings, env))

const PLAIN = { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' }

test('nothing is set: neither encrypted nor logged in', () => {
  expect(securityOf({})).toEqual({})
})

test('a password in a file goes before one in the environment, and its line end is not part of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-security-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'password')
  writeFileSync(file, 'from the file\n')
  const security = securityOf({
    KAFKA_TLS: 'on',
    KAFKA_TLS_CA_FILE: file,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'smsgw-relay',
    KAFKA_SASL_PASSWORD: 'from the environment',
    KAFKA_SASL_PASSWORD_FILE: file,
  })
  expect(security).toEqual({
    tls: { ca: 'from the file\n', cert: undefined, key: undefined },
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'smsgw-relay', password: 'from the file' },
  })
})

test('brokers on this machine are logged in to in the clear', () => {
  expect(securityOf({ ...PLAIN, KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093' })).toEqual({
    sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' },
  })
})

test.each([
  [PLAIN, 'needs KAFKA_TLS=on'],
  [{ ...PLAIN, KAFKA_BROKERS: '127.0.0.1:9092,kafka-2:9092' }, 'needs KAFKA_TLS=on'],
  [{ ...PLAIN, KAFKA_BROKERS: '127.0.0.1.example:9092' }, 'needs KAFKA_TLS=on'],
  [{ KAFKA_TLS: 'on', KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' }, 'KAFKA_SASL_USERNAME is empty'],
  [{ KAFKA_TLS: 'on', KAFKA_TLS_CA_FILE: 'nowhere.pem' }, 'KAFKA_TLS_CA_FILE cannot be read'],
])('what does not fit together is refused: %o', (env, fault) => {
  expect(() => securityOf(env as Record<string, string>)).toThrow(fault)
})

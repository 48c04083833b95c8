import type { Pool } from '../../postgres/pool.ts'
import { choice, type Setting, secret, text, type Values } from '../../runtime/settings.ts'
import type { Portability } from './portability.ts'
import { PortabilityService } from './portability-service.ts'
import { PortedTable } from './ported-table.ts'

export const portabilitySettings = {
  PORTABILITY: source(
    'Where ported numbers are known from: off, table (`smsgw portability import`), or the address of a look-up service with {phone} in it',
  ),
  PORTABILITY_PREFIXES: text('98', 'Beginnings of numbers that are looked up, separated by commas'),
  PORTABILITY_FIELDS: text(
    'mcc_mnc',
    "Fields of the service's JSON answer that make up MCC-MNC, as in mcc,mnc or result.network",
  ),
  PORTABILITY_AUTHORIZATION: secret('', 'Sent to the service as the header Authorization'),
}

export function createPortability(settings: Values<typeof portabilitySettings>, pool: Pool): Portability {
  const prefixes = settings.PORTABILITY_PREFIXES.split(',')
  const isLookedUp = (phone: string): boolean => prefixes.some((prefix) => phone.startsWith(prefix, 1))
  switch (settings.PORTABILITY) {
    case 'off':
      return { networksOf: async () => new Map(), stop: async () => {} }
    case 'table':
      return new PortedTable(pool, isLookedUp)
    default:
      return new PortabilityService({
        url: settings.PORTABILITY,
        fields: settings.PORTABILITY_FIELDS.split(','),
        authorization: settings.PORTABILITY_AUTHORIZATION,
        isLookedUp,
      })
  }
}

function source(doc: string): Setting<string> {
  const parse = (value: string): string => {
    if (value === 'off' || value === 'table') return value
    if (/^https?:\/\/.*\{phone\}/.test(value)) return value
    throw new Error('must be off, table, or http(s)://… with {phone} in it')
  }
  return { ...choice(['off'], 'off', doc), parse, doc }
}

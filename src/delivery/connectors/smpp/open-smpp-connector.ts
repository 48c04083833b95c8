import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { faultOfSmppPassword, faultOfSmppText } from '../../../operators/fault-of-smpp.ts'
import { readOperatorPassword } from '../../../operators/operator-password.ts'
import { completeSmppSettings, type SmppSettings } from '../../../operators/smpp-settings.ts'
import { ExpectedError } from '../../../runtime/expected-error.ts'
import type { ConnectorEvents } from '../connector.ts'
import type { SocketAddress } from './session-socket.ts'
import { SmppConnector } from './smpp-connector.ts'
import type { SmppObserver } from './smpp-observer.ts'

class SmppSettingsError extends ExpectedError {
  override readonly name = 'SmppSettingsError'
}

export interface SmppOperator {
  readonly name: string
  /** With an address to connect to in the place of `embedded`. */
  readonly settings: SmppSettings
  readonly window: number
  readonly responseTimeoutMs: number
}

/**
 * The connector of an operator, not yet started, with the password and the certificates that its settings name. Throws
 * an ExpectedError that says what is missing.
 */
export function openSmppConnector(
  { name, settings: given, window, responseTimeoutMs }: SmppOperator,
  events: ConnectorEvents,
  observer: SmppObserver,
  env: NodeJS.ProcessEnv,
): SmppConnector {
  const settings = completeSmppSettings(given)
  const password = readOperatorPassword(name, settings, env)
  const fault = faultOfSmppPassword(password)
  if (fault) throw new SmppSettingsError(`the password of operator "${name}" ${fault}`)
  const unfit = faultOfSmppText(settings)
  if (unfit) throw new SmppSettingsError(`\`${unfit.pointer}\` of operator "${name}" ${unfit.what}`)
  const written = typeof settings.address === 'string' ? [settings.address] : settings.address
  const addresses = written.map((address) => parseAddress(name, address))
  const tls = settings.tls ? tlsOptions(name, settings.tls) : null
  return new SmppConnector({ settings, addresses, password, tls, window, responseTimeoutMs }, events, observer)
}

function parseAddress(operator: string, address: string): SocketAddress {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(address.slice(colon + 1))
  if (port > 65_535)
    throw new SmppSettingsError(`operator "${operator}" has the address ${address}: no port is so high`)
  return { host, port }
}

function tlsOptions(operator: string, tls: NonNullable<SmppSettings['tls']>): ConnectionOptions {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path)
    } catch (error) {
      throw new SmppSettingsError(
        `a file for TLS to operator "${operator}" cannot be read: ${(error as Error).message}`,
      )
    }
  }
  return {
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    ...(tls.ca_file === undefined ? {} : { ca: read(tls.ca_file) }),
    ...(tls.cert_file === undefined ? {} : { cert: read(tls.cert_file) }),
    ...(tls.key_file === undefined ? {} : { key: read(tls.key_file) }),
  }
}

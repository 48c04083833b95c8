import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { ExpectedError } from '../../../runtime/expected-error.ts'
import type { ConnectorEvents } from '../connector.ts'
import type { ConnectorHost, OperatorToOpen } from '../connector-kind.ts'
import { faultOfSmppPassword, faultOfSmppText } from './fault-of-smpp.ts'
import { type PasswordPlace, readOperatorPassword } from './operator-password.ts'
import type { SocketAddress } from './session-socket.ts'
import { SmppConnector } from './smpp-connector.ts'
import type { SmppObserver } from './smpp-observer.ts'
import { completeSmppSettings, type SmppSettings } from './smpp-settings.ts'

class SmppSettingsError extends ExpectedError {
  override readonly name = 'SmppSettingsError'
}

/**
 * The connector of an operator, not yet started, with the password and the certificates that its settings name. Throws
 * an ExpectedError that says what is missing.
 */
export function openSmppConnector(
  { name, settings: given, window, responseTimeoutMs }: OperatorToOpen<SmppSettings>,
  events: ConnectorEvents,
  observer: SmppObserver,
  { simulatorAddress, env }: ConnectorHost,
): SmppConnector {
  const settings = completeSmppSettings(given)
  const addresses = addressesOf(name, given, simulatorAddress)
  const password = readOperatorPassword(name, passwordPlaceOf(given, env), env)
  const fault = faultOfSmppPassword(password)
  if (fault) throw new SmppSettingsError(`the password of operator "${name}" ${fault}`)
  const unfit = faultOfSmppText(settings)
  if (unfit) throw new SmppSettingsError(`\`${unfit.pointer}\` of operator "${name}" ${unfit.what}`)
  const tls = settings.tls ? tlsOptions(name, settings.tls) : null
  return new SmppConnector({ settings, addresses, password, tls, window, responseTimeoutMs }, events, observer)
}

function addressesOf(name: string, { address }: SmppSettings, simulatorAddress: string): SocketAddress[] {
  if (address === 'embedded' && simulatorAddress === '') {
    throw new SmppSettingsError(
      `operator "${name}" has the address \`embedded\`, and SIMULATOR_ADDRESS does not say where the simulator is. ` +
        'Start it with `smsgw smsc` and set SIMULATOR_ADDRESS=host:port, or write the address into the file.',
    )
  }
  const written = address === 'embedded' ? simulatorAddress : address
  return (typeof written === 'string' ? [written] : written).map((each) => parseAddress(name, each))
}

/** `smsgw up` gives its simulator a password, which an operator with the address `embedded` need not name. */
function passwordPlaceOf(settings: SmppSettings, env: NodeJS.ProcessEnv): PasswordPlace {
  const isNamed = settings.password_env !== undefined || settings.password_file !== undefined
  const isSimulators = settings.address === 'embedded' && !isNamed && env.SIMULATOR_PASSWORD
  return isSimulators ? { password_env: 'SIMULATOR_PASSWORD' } : settings
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

import { accessSync, constants } from 'node:fs'
import { describeHttp, readSecrets } from '../../operators/describe-http.ts'
import { faultOfSmppPassword } from '../../operators/fault-of-smpp.ts'
import { readOperatorPassword } from '../../operators/operator-password.ts'
import type { OperatorConfig } from '../../operators/operator-schema.ts'
import type { SmppSettings } from '../../operators/smpp-settings.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'

/**
 * Looks at passwords, secrets and files that operators name, as far as they are here: they belong to the workers, whose
 * environment may be another. Returns what is missing here, a sentence each. Throws ExpectedError for a password that is
 * here and no bind can carry.
 */
export function checkSecrets(operators: Readonly<Record<string, OperatorConfig>>, env: NodeJS.ProcessEnv): string[] {
  return Object.entries(operators).flatMap(([name, config]) => {
    const missing =
      config.connector === 'smpp'
        ? [attempt(() => checkPassword(name, config.smpp, env)), ...tlsFiles(config.smpp).map(unreadable)]
        : [attempt(() => describeHttp(config.http)), attempt(() => readSecrets(config.http, env))]
    return missing.flatMap((what) => (what === null ? [] : [`operator ${name}: ${what}`]))
  })
}

class UnfitPasswordError extends ExpectedError {
  override readonly name = 'UnfitPasswordError'
}

function checkPassword(name: string, settings: SmppSettings, env: NodeJS.ProcessEnv): void {
  const fault = faultOfSmppPassword(readOperatorPassword(name, settings, env))
  if (fault) throw new UnfitPasswordError(`The password of operator "${name}" ${fault}.`)
}

function tlsFiles({ tls }: SmppSettings): string[] {
  return [tls?.ca_file, tls?.cert_file, tls?.key_file].filter((path) => path !== undefined)
}

function unreadable(path: string): string | null {
  return attempt(() => accessSync(path, constants.R_OK))
}

/** What was missing; null if nothing was. */
function attempt(read: () => unknown): string | null {
  try {
    read()
    return null
  } catch (error) {
    if (error instanceof UnfitPasswordError) throw error
    return (error as Error).message
  }
}

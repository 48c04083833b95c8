import { accessSync, constants } from 'node:fs'
import type { ConnectorKind } from '../connector-kind.ts'
import { missingOf, UnfitSecretError } from '../missing-secrets.ts'
import { faultOfSmpp, faultOfSmppPassword } from './fault-of-smpp.ts'
import { observeSmpp } from './observe-smpp.ts'
import { openSmppConnector } from './open-smpp-connector.ts'
import { readOperatorPassword } from './operator-password.ts'
import type { SmppObserver } from './smpp-observer.ts'
import { SmppSettings } from './smpp-settings.ts'

/** SMPP 3.4 (docs/operators/smpp.md). */
export const SMPP: ConnectorKind<SmppSettings, SmppObserver> = {
  settings: SmppSettings,
  check: faultOfSmpp,
  missing(operator, settings, env) {
    const { ca_file, cert_file, key_file } = settings.tls ?? {}
    const files = [ca_file, cert_file, key_file].filter((path) => path !== undefined)
    return missingOf([
      () => checkPassword(operator, settings, env),
      ...files.map((path) => () => accessSync(path, constants.R_OK)),
    ])
  },
  open: openSmppConnector,
  observe: observeSmpp,
}

function checkPassword(operator: string, settings: SmppSettings, env: NodeJS.ProcessEnv): void {
  const fault = faultOfSmppPassword(readOperatorPassword(operator, settings, env))
  if (fault) throw new UnfitSecretError(`The password of operator "${operator}" ${fault}.`)
}

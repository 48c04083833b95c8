import type { ConnectorKind } from '../connector-kind.ts'
import { missingOf } from '../missing-secrets.ts'
import { checkHttp } from './check-http.ts'
import { describeHttp, HttpDescriptionError, readSecrets } from './describe-http.ts'
import { HttpConnector } from './http-connector.ts'
import { HttpSettings } from './http-settings.ts'
import { type HttpObserver, observeHttp } from './observe-http.ts'

/** HTTP by an operator's description (docs/operators/http.md). */
export const HTTP: ConnectorKind<HttpSettings, HttpObserver> = {
  settings: HttpSettings,
  check(settings) {
    try {
      checkHttp(settings)
      return null
    } catch (error) {
      if (error instanceof HttpDescriptionError) return error
      throw error
    }
  },
  missing: (_operator, settings, env) => missingOf([() => describeHttp(settings), () => readSecrets(settings, env)]),
  open({ name, settings, window, responseTimeoutMs }, events, observer, { isListening, env }) {
    const description = describeHttp(settings)
    if (description.receipts?.push && !isListening) observer.notListening()
    const secrets = readSecrets(settings, env)
    return new HttpConnector({ operator: name, description, secrets, responseTimeoutMs, window }, events, observer)
  },
  observe: observeHttp,
}

import type { ConnectorKinds } from './connector-kind.ts'
import { HTTP } from './http/http.ts'
import { SMPP } from './smpp/smpp.ts'

/** Every connector of the gateway. A further one is a folder here, and a line below. */
export const CONNECTORS: ConnectorKinds = {
  http: HTTP,
  smpp: SMPP,
}

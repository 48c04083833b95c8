import { Type } from 'typebox'

/** What an operator with the connector `simulator` has besides the settings of all. */
export const SIMULATOR_SETTINGS = {
  /** `host:port`; `embedded` stands for the simulator that `smsgw up` starts. */
  address: Type.String({ pattern: '^(embedded|.+:[0-9]+)$' }),
}

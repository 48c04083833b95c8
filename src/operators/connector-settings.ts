import type { TSchema } from 'typebox'

/** What is wrong with settings that fit their schema: where, as a JSON pointer into them, and what. */
export interface SettingsFault {
  readonly pointer: string
  readonly what: string
}

/** What the operators' file is checked by, of a connector. The process passes in the connectors that it has. */
export interface ConnectorSettings<Settings = unknown> {
  /** Of what an operator has under the connector's name. */
  readonly settings: TSchema
  /** Finds settings that fit the schema and cannot work, before the operator is connected to; null if there are none. */
  check(settings: Settings, window: number): SettingsFault | null
}

/** By the name that an operator's `connector` has. */
export type KnownConnectors = Readonly<Record<string, ConnectorSettings>>

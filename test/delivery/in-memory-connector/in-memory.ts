import { type Static, Type } from 'typebox'
import type { ConnectorKind } from '../../../src/delivery/connectors/connector-kind.ts'
import { strict } from '../../../src/delivery/connectors/strict-object.ts'
import { ExpectedError } from '../../../src/runtime/expected-error.ts'
import { InMemoryConnector } from './in-memory-connector.ts'
import type { InMemoryOperator } from './in-memory-operator.ts'

const InMemorySettings = strict({
  /** Which of the test's operators it is. */
  name: Type.String({ minLength: 1 }),
})

/** Reaches the operators of a test: `connector: in-memory, in-memory: {name: …}`. */
export function inMemory(operators: Readonly<Record<string, InMemoryOperator>>): ConnectorKind {
  const kind: ConnectorKind<Static<typeof InMemorySettings>, null> = {
    settings: InMemorySettings,
    check: () => null,
    missing: () => [],
    open({ settings, window, responseTimeoutMs }, events) {
      const operator = operators[settings.name]
      if (!operator) throw new ExpectedError(`no operator of the test is named "${settings.name}"`)
      return new InMemoryConnector({ operator, window, responseTimeoutMs }, events)
    },
    observe: () => null,
  }
  return kind
}

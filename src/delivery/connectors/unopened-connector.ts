import { refusedAs } from './clean-answer.ts'
import type { Connector, SubmitResult } from './connector.ts'

/**
 * The placeholder of a connector whose settings cannot be used in this process: its password is not set, a file
 * is missing. It is never ready, so that messages wait for the operator, or fail over, as if it were unavailable.
 */
export class UnopenedConnector implements Connector {
  readonly isReady = false
  readonly callbackDoor = null

  start(): void {}

  async stop(): Promise<void> {}

  partsOf(): number {
    return 1
  }

  async submit(): Promise<SubmitResult> {
    return refusedAs('unsent', 'not-connected')
  }
}

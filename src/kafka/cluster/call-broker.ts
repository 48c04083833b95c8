import { type Connection, type Reader, ResponseError, type Writer } from '@platformatic/kafka'
import { KafkaUnreachableError } from '../errors.ts'

/** One of the client library's protocol calls, `xxxVn.api`. */
interface LibraryApi<Arguments extends unknown[], Response> {
  (connection: Connection, ...args: [...Arguments, (error: Error | null, response: Response) => void]): void
  readonly key: number
}

/**
 * Calls a broker and returns its answer, error codes included: the caller decides what a code means, and one
 * partition's error never hides the others' results, as it does when the library turns it into an exception.
 * Throws KafkaUnreachableError when there is no answer; then what the request did is not known.
 */
export function callBroker<Arguments extends unknown[], Response>(
  connection: Connection,
  api: unknown,
  ...args: Arguments
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = api as LibraryApi<Arguments, Response>
    call(connection, ...args, (error, response) => {
      if (!error) resolve(response)
      else if (error instanceof ResponseError && 'response' in error) resolve(error.response as Response)
      else reject(unreachable(connection, error))
    })
  })
}

/** Sends a request of our own making (see `wire/`). Same contract as `callBroker`. */
export function sendToBroker<Response>(
  connection: Connection,
  apiKey: number,
  version: number,
  encode: () => Writer,
  parse: (correlationId: number, apiKey: number, apiVersion: number, reader: Reader) => Response,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    connection.send(apiKey, version, encode, parse, true, true, (error, response) => {
      if (error) reject(unreachable(connection, error))
      else resolve(response as Response)
    })
  })
}

function unreachable(connection: Connection, error: Error): KafkaUnreachableError {
  return new KafkaUnreachableError(`${connection.host ?? 'broker'}:${connection.port ?? '?'}: ${error.message}`, {
    cause: error,
  })
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** For `createServer`: calls `answer` with the whole body of each request. What it throws ends the connection. */
export function withBody(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): RequestListener {
  return (request, response) => {
    text(request)
      .then((body) => answer(request, response, body))
      .catch((error: Error) => response.destroy(error))
  }
}

import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/errors.ts'
import { cleanText } from '../../domain/text/clean-text.ts'
import { decodeUtf8, Utf8Error } from '../../domain/text/decode-utf8.ts'
import { findDuplicateName } from './duplicate-names.ts'

const DETAIL_CHARS_MAX = 200
const JSON_TYPE = 'application/json'

/**
 * Reads bodies as strict JSON (I-JSON, RFC 7493): UTF-8 alone, and no name twice. What is wrong with a single value, such
 * as half of a surrogate pair, is left to the check of its field, so that it costs one message of a batch and not all.
 */
export function readJsonBodies(app: FastifyInstance): void {
  app.decorateRequest('bodyBytes', 0)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(JSON_TYPE, { parseAs: 'buffer' }, (request, body, done) => {
    request.bodyBytes = body.length
    try {
      refuseCodings(request.headers['content-type'], request.headers['content-encoding'])
      done(null, parseJson(body))
    } catch (error) {
      done(error as Error, undefined)
    }
  })
}

/** The value of a body; undefined if it is empty. Throws Problem `invalid-request`. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  const text = decode(body)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(`The body is not JSON: ${cleanText((error as Error).message, DETAIL_CHARS_MAX)}.`, '')
  }
  const duplicate = findDuplicateName(text, value)
  if (duplicate === null) return value
  const pointer = cleanText(duplicate, DETAIL_CHARS_MAX)
  throw invalid(`${pointer} is in the body twice.`, pointer, 'is in the body twice')
}

function decode(body: Buffer): string {
  try {
    const text = decodeUtf8(body)
    // A byte-order mark may be ignored (RFC 8259, section 8.1).
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  } catch (error) {
    if (!(error instanceof Utf8Error)) throw error
    const byte = body[error.offset]?.toString(16).toUpperCase().padStart(2, '0')
    const what = byte === undefined ? 'ends within a character' : `has the byte ${byte} at ${error.offset}`
    throw invalid(`The body is not UTF-8: it ${what}, counted from 0.`, '', 'is not UTF-8')
  }
}

/** JSON is UTF-8, whatever is said of it; a body that says otherwise would be misread. */
function refuseCodings(contentType = '', contentEncoding = 'identity'): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1]
  if (charset && charset.toLowerCase() !== 'utf-8' && charset.toLowerCase() !== 'utf8') {
    throw new Problem('unsupported-media-type', `Send JSON in UTF-8, not in ${cleanText(charset, 40)}.`)
  }
  if (contentEncoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type', 'Send the body as it is, without a Content-Encoding.')
  }
}

function invalid(message: string, pointer: string, detail?: string): Problem {
  return new Problem('invalid-request', message, detail === undefined ? [] : [{ pointer: pointer || '/', detail }])
}

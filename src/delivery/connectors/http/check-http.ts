import { isIP } from 'node:net'
import { describeHttp, HttpDescriptionError } from './describe-http.ts'
import {
  type HttpDescription,
  type HttpPushForm,
  type HttpRequestForm,
  type HttpSettings,
  PLACEHOLDER,
  TEMPLATE_NAMES,
} from './http-settings.ts'

/**
 * Finds before an operator is used what would be found with its first message: a description that is not whole, a
 * template that references an unknown variable, a check of callers that admits none, or all. Throws
 * HttpDescriptionError that names the place. Values of secrets are not looked at: they are the workers'.
 */
export function checkHttp(settings: HttpSettings): void {
  const description = describeHttp(settings)
  const { request, answer, errors, receipts } = description
  const secrets = Object.keys(settings.secrets ?? {})
  checkRequest('/request', request, [...TEMPLATE_NAMES], secrets)
  if (answer.code === undefined && (errors?.codes || errors?.otherwise)) {
    throw new HttpDescriptionError('/errors', 'has meanings of codes, and `answer` does not say where a code is')
  }
  if (receipts?.poll) checkRequest('/receipts/poll/request', receipts.poll.request, ['ids'], secrets)
  if (receipts?.push) checkPush(receipts.push, secrets)
  if (namesOf(request).has('receipt_url') && !receipts?.push?.public_url) {
    throw new HttpDescriptionError('/receipts/push/public_url', 'is missing: `{receipt_url}` begins with it')
  }
}

function checkRequest(
  pointer: string,
  request: HttpRequestForm,
  names: readonly string[],
  secrets: readonly string[],
): void {
  for (const name of namesOf(request)) {
    const secret = name.startsWith('secret.') ? name.slice('secret.'.length) : undefined
    if (secret === undefined ? !names.includes(name) : !secrets.includes(secret)) {
      throw new HttpDescriptionError(pointer, `names \`{${name}}\`, and ${missing(secret)}`)
    }
  }
  const url = URL.parse(request.url.replace(PLACEHOLDER, 'x'))
  if (!url) throw new HttpDescriptionError(`${pointer}/url`, 'is not an address')
  if (url.username !== '' || url.password !== '') {
    throw new HttpDescriptionError(`${pointer}/url`, 'has a login, which is not sent from there: use `basic`')
  }
  for (const [name, template] of Object.entries(request.headers ?? {})) {
    const fault = faultOfHeader(name, template)
    if (fault) throw new HttpDescriptionError(`${pointer}/headers/${name}`, fault)
  }
}

/** Of the connection, which are not the request's to set; and those that follow from the body. */
const CONNECTION_HEADERS = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]

/** A header that could not be written with any message (RFC 9110, 5). */
function faultOfHeader(name: string, template: string): string | null {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return 'is no name of a header'
  if (CONNECTION_HEADERS.includes(name.toLowerCase())) return 'is set by the connection itself'
  const text = template.replace(PLACEHOLDER, '')
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) ? null : 'has a character that a header cannot carry'
}

function missing(secret: string | undefined): string {
  return secret === undefined ? 'there is no such value' : `\`secrets\` has no \`${secret}\``
}

function checkPush({ signature, token, addresses = [] }: HttpPushForm, secrets: readonly string[]): void {
  for (const [place, of] of [['signature', signature] as const, ['token', token] as const]) {
    if (of && !secrets.includes(of.secret)) {
      throw new HttpDescriptionError(`/receipts/push/${place}/secret`, missing(of.secret))
    }
  }
  for (const [index, address] of addresses.entries()) {
    const [net, bits] = address.split('/')
    const family = isIP(net!)
    if (family === 0 || Number(bits ?? 0) > (family === 6 ? 128 : 32)) {
      throw new HttpDescriptionError(`/receipts/push/addresses/${index}`, 'is no address and no network')
    }
  }
}

/** The names in all templates of a request. */
function namesOf({ url, headers, query, form, json, basic }: HttpDescription['request']): Set<string> {
  const templates = JSON.stringify([url, headers, query, form, json, basic])
  return new Set([...templates.matchAll(PLACEHOLDER)].map(([, name]) => name!))
}

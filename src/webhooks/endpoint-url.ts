import { isClean } from '../domain/text/clean-text.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { AddressRefusedError, guardUrl } from './address-guard.ts'

const URL_CHARS_MAX = 2_048
const HOST_CHARS_MAX = 253
const LABEL_CHARS_MAX = 63
/** Names that no public DNS has (RFC 6761, RFC 6762, RFC 7686, and ICANN's `internal`). */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|invalid|onion)$/

export interface EndpointUrl {
  /** Normalized, without credentials: international names in ASCII, the path percent-encoded. */
  readonly url: string
  /** User and password of Basic authentication, percent-encoded as in a URL; null without any. */
  readonly credentials: string | null
}

/**
 * Reads the URL of an endpoint. Throws ExpectedError for one to which nothing could ever be posted, with a message that
 * never repeats its password.
 */
export function readEndpointUrl(text: string, { allowPrivate }: { readonly allowPrivate: boolean }): EndpointUrl {
  const refuse = (why: string): never => {
    throw new ExpectedError(`The endpoint's URL ${why}.`)
  }
  if (text.length > URL_CHARS_MAX) refuse(`is longer than ${URL_CHARS_MAX} characters`)
  if (!isClean(text) || /\s/.test(text)) refuse('contains spaces, line breaks or control characters')
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    refuse('is not a valid URL that begins with https:// or http://')
  const url = new URL(text)
  if (text.includes('#')) refuse('has a fragment (#…), which is never sent; remove it')
  if (url.port === '0') refuse('has port 0, on which no server listens')
  const credentials = readCredentials(url, refuse)
  url.username = ''
  url.password = ''
  checkHost(url, allowPrivate, refuse)
  if (url.href.length > URL_CHARS_MAX) refuse(`is longer than ${URL_CHARS_MAX} characters once it is percent-encoded`)
  return { url: url.href, credentials }
}

/** The value of `authorization` for credentials as `readEndpointUrl` returns them (RFC 7617, in UTF-8). */
export function basicAuthorization(credentials: string): string {
  const [user = '', ...password] = credentials.split(':').map(percentDecoded)
  return `Basic ${Buffer.from(`${user}:${password.join(':')}`).toString('base64')}`
}

function readCredentials(url: URL, refuse: (why: string) => never): string | null {
  if (url.username === '' && url.password === '') return null
  const [user, password] = [percentDecoded(url.username), percentDecoded(url.password)]
  if (user.includes(':')) refuse('has a user name with a colon, which Basic authentication cannot send')
  if (!isClean(user) || !isClean(password)) refuse('has control characters in its user name or password')
  return `${url.username}:${url.password}`
}

/** A percent sign that begins no escape is itself, as people paste passwords. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function checkHost(url: URL, allowPrivate: boolean, refuse: (why: string) => never): void {
  const name = url.hostname.replace(/\.$/, '')
  const labels = name.split('.')
  if (!name.startsWith('[') && (name.length > HOST_CHARS_MAX || labels.some((label) => !isLabel(label))))
    refuse(`has a host name that DNS does not allow: ${name}`)
  if (allowPrivate) return
  const hint = '. Only WEBHOOK_ALLOW_PRIVATE=yes allows that, for this command and for the role webhooks'
  try {
    guardUrl(url)
  } catch (error) {
    if (error instanceof AddressRefusedError) refuse(`cannot be used: ${error.message}${hint}`)
    throw error
  }
  const isAddress = name.startsWith('[') || /^[0-9.]+$/.test(name)
  if (!isAddress && (labels.length === 1 || PRIVATE_NAME.test(name)))
    refuse(`names a host that is not on the public internet: ${name}${hint}`)
}

function isLabel(label: string): boolean {
  return label.length <= LABEL_CHARS_MAX && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label)
}

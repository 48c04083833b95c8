import type { OutgoingMessage } from '../connector.ts'
import { fillJson, fillTable, fillText, type TemplateValues } from './fill-template.ts'
import type { HttpRequestForm } from './http-settings.ts'

export interface ComposedRequest {
  readonly url: string
  readonly method: 'POST' | 'PUT' | 'GET'
  readonly headers: Record<string, string>
  readonly body: string | null
}

/** What templates may say of a message. Phones are digits, except where the name says otherwise. */
export function valuesOf(message: OutgoingMessage, fixed: TemplateValues): TemplateValues {
  return new Map([
    ...fixed,
    ['to', message.phone.slice(1)],
    ['to_plus', message.phone],
    ['from', message.sender],
    ['text', message.text],
    ['sms_id', message.smsId],
    ['ref', message.ref],
    ['encoding', message.encoding],
    ['flash', message.flash],
    ['priority', message.priority],
    ['valid_until', message.validUntilMs === null ? null : new Date(message.validUntilMs).toISOString()],
  ])
}

/** Puts values into a request's templates. Throws TemplateError. */
export function composeRequest(form: HttpRequestForm, values: TemplateValues): ComposedRequest {
  const url = new URL(fillText(form.url, values, encodeURIComponent)!)
  for (const [name, value] of Object.entries(fillTable(form.query ?? {}, values))) url.searchParams.set(name, value)
  const headers: Record<string, string> = { accept: 'application/json', ...fillTable(form.headers ?? {}, values) }
  if (form.basic) {
    const login = `${fillText(form.basic.user, values)}:${fillText(form.basic.password, values)}`
    headers.authorization = `Basic ${Buffer.from(login).toString('base64')}`
  }
  let body: string | null = null
  if (form.form) {
    body = new URLSearchParams(fillTable(form.form, values)).toString()
    headers['content-type'] = 'application/x-www-form-urlencoded'
  } else if (form.json) {
    body = JSON.stringify(fillJson(form.json, values))
    headers['content-type'] = 'application/json'
  }
  return { url: url.href, method: form.method ?? 'POST', headers, body }
}

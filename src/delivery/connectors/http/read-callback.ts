import type { Callback } from './admit-callback.ts'

/** What a callback says, wherever it says it: its query and its body, of which the body goes before. A body that is a list stays one. */
export function parseCallbackBody({ headers, query, body }: Callback): unknown {
  const text = body.toString('utf8')
  if (text === '') return query
  if (String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) {
    return { ...query, ...Object.fromEntries(new URLSearchParams(text)) }
  }
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...query, ...json } : json
  } catch {
    return query
  }
}

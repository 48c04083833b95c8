/** What is at a JSON pointer (RFC 6901); undefined where nothing is. The empty pointer is the whole. */
export function at(value: unknown, pointer: string): unknown {
  let here = value
  for (const step of pointer.split('/').slice(1)) {
    if (typeof here !== 'object' || here === null) return undefined
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!Object.hasOwn(here, key)) return undefined
    here = (here as Record<string, unknown>)[key]
  }
  return here
}

/** The text of a value there, as tables of codes have it; null for what is not there or no single value. */
export function textAt(value: unknown, pointer: string): string | null {
  const found = at(value, pointer)
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : null
}

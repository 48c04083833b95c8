/**
 * How the admin port reads requests: a field that is not known is refused. Left out in silence, a misspelt filter would
 * let everything through.
 */
export const ADMIN_REQUESTS = { ajv: { customOptions: { removeAdditional: false } } } as const

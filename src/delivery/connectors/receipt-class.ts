import { Type } from 'typebox'

/** What an operator's word for a state means; `ignored`: it is not the last word. */
export const ReceiptClass = Type.Enum(['delivered', 'failed', 'expired', 'rejected', 'unknown', 'ignored'])

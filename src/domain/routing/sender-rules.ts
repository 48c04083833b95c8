/** Which senders a route permits, or an operator takes. What is not given forbids and changes nothing. */
export interface SenderRules {
  /** Patterns, in which `*` matches anything. A sender that matches one stays as it is. */
  readonly allow?: readonly string[]
  /** The sender of a message that names none. */
  readonly default?: string
  /** Put in the place of a sender that is not allowed; without `allow`, of every one. */
  readonly replace?: string
}

/** The sender to use, null for the operator's own; `refused` if the one that was asked for may not be used. */
export type SenderDecision = { readonly kind: 'use'; readonly sender: string | null } | { readonly kind: 'refused' }

/** Rules made ready to be applied to many messages. */
export type CompiledSenderRules = (sender: string | null) => SenderDecision

const REFUSED: SenderDecision = { kind: 'refused' }

export function compileSenderRules({ allow, default: byDefault, replace }: SenderRules): CompiledSenderRules {
  const isAllowed = allow ? senderPattern(allow) : (): boolean => replace === undefined
  return (sender) => {
    if (sender === null) return { kind: 'use', sender: byDefault ?? replace ?? null }
    if (isAllowed(sender)) return { kind: 'use', sender }
    return replace === undefined ? REFUSED : { kind: 'use', sender: replace }
  }
}

/** Whether a sender fits one of some patterns. Senders have twenty characters at most, so that no pattern is slow. */
export function senderPattern(patterns: readonly string[]): (sender: string) => boolean {
  const one = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')).join('|')
  const form = new RegExp(`^(?:${one})$`)
  return (sender) => form.test(sender)
}

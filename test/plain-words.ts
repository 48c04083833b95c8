export interface Word {
  readonly found: RegExp
  readonly instead: string
}

/** Words that say less than the field's own term (docs/glossary.md), each with what to write instead. */
export const WORDS: readonly Word[] = [
  { found: /\baway\b/gi, instead: 'unavailable' },
  { found: /\bthere\s+again\b|\bnot\s+there\s+any\b/gi, instead: 'available, recovered' },
  { found: /\b(?:told|tells?|telling)\b/gi, instead: 'publish, notify, report, acknowledge' },
  { found: /\b(?:puts?|putting|sets?|leaves?)\s+aside\b/gi, instead: 'deferred, ignored, moved' },
  { found: /\bcall(?:s|ed|ing)?\s+back\b/gi, instead: 'resumed' },
  { found: /\bin\s+hand\b/gi, instead: 'in flight, buffered' },
  { found: /\breads?\s+past\b|\breading\s+past\b/gi, instead: 'skipped' },
  { found: /\b(?:the|its|a)\s+hold\b/gi, instead: 'buffer' },
  { found: /\b(?:its|their|his|the|a|takes?|taking|took|each|one|of)\s+turns?\b|\bturns\s+of\b/gi, instead: 'slot' },
  { found: /\bdoubt(?:s|ed|ful)?\b/gi, instead: 'suspect' },
  { found: /\b(?:is|are|was|were)\s+over\b/gi, instead: 'finished, final, ended' },
  { found: /\b(?:stands?|stood)\b/gi, instead: 'is stored, is in' },
  { found: /(?<!\bdead[\s-])\bletters?\b(?!, digits)/gi, instead: 'dead letter' },
  { found: /\b(?:who|whoever)\b/gi, instead: 'the caller, the worker, the relay' },
  { found: /\b(?:nobody|somebody|anybody)\b/gi, instead: 'the caller, a user, no process' },
  { found: /\bwhat\s+waits\b/gi, instead: 'pending messages, the backlog' },
  { found: /\blook(?:s|ed)?\s+after\b/gi, instead: 'monitored' },
  {
    found: /\boperators?(?:'s)?\s+lines?\b|\blines?\s+of\s+(?:an?|the)\s+(?:\w+\s+)?operator\b/gi,
    instead: 'operator connection',
  },
]

/** Words of source alone: in documents they have other meanings as well. */
export const WORDS_OF_SOURCE: readonly Word[] = [
  ...WORDS,
  { found: /\b(?:lets?|letting)\s+go\b/gi, instead: 'release, drop, drain' },
]

/** The same for names, whose words are compared in lower case and apart. */
export const WORDS_OF_NAMES: readonly Word[] = [
  { found: /\b(?:tell|tells|told|untold|teller|telling|tellings)\b/, instead: 'publish, notify, report, acknowledge' },
  { found: /\baway\b/, instead: 'unavailable' },
  { found: /\baside\b/, instead: 'deferred, refused' },
  { found: /\bcall(?:s|ed|ing)? back\b/, instead: 'resume' },
  { found: /\bin hand\b/, instead: 'in flight, buffered' },
  { found: /\bread past\b/, instead: 'skipped' },
  { found: /\bshared hold\b|\bhold limits\b/, instead: 'buffer' },
  { found: /\bdoubt(?:s|ed|ful)?\b/, instead: 'suspect' },
  { found: /\b(?:nobody|somebody|whoever)\b/, instead: 'anonymous, the caller' },
  { found: /\blet go\b/, instead: 'release' },
  { found: /\boperator lines?\b|\blive lines?\b/, instead: 'operator connection' },
]

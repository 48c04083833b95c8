import type { Mutant } from './mutants.ts'

/** The source with the bug in it. Throws unless it contains the snippet exactly once. */
export function applyMutant({ name, file, snippet, bug }: Mutant, source: string): string {
  const times = source.split(snippet).length - 1
  if (times !== 1) throw new Error(`mutant ${name}: its snippet is in src/${file} ${times} times, not once`)
  return source.replace(snippet, () => bug)
}

import type { Mutant } from './mutants.ts'

/** The source with the bug in it. Throws unless the snippet stands in it exactly once. */
export function applyMutant({ name, file, snippet, bug }: Mutant, source: string): string {
  const times = source.split(snippet).length - 1
  if (times !== 1) throw new Error(`mutant ${name}: its snippet stands ${times} times in src/${file}, not once`)
  return source.replace(snippet, () => bug)
}

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'src')

export interface SourceFile {
  /** Below `src/`. */
  readonly path: string
  /** The folder of `src/` that it is in; its name for a file of `src/` itself. */
  readonly part: string
  readonly text: string
  /** Files of `src/` that it imports, those of which it takes types alone included. */
  readonly imports: readonly string[]
}

/** Every source file but tests. */
export const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => {
    const text = readFileSync(join(SOURCE, path), 'utf8')
    return { path, part: partOf(path), text, imports: importsOf(SOURCE, path) }
  })

/** The files below a folder that one of them imports, those of which it takes types alone included. */
export function importsOf(folder: string, path: string): string[] {
  const text = readFileSync(join(folder, path), 'utf8')
  const imports = [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)]
  return imports.map(([, target]) => relative(folder, join(folder, dirname(path), target!)))
}

export function partOf(path: string): string {
  return path.includes('/') ? path.split('/')[0]! : path
}

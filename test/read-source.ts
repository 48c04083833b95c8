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

/** Each declaration of a name in a file, up to the next line that is indented no more than it and closes nothing. */
export function declarationsOf(name: string, text: string): string[] {
  const beginning = new RegExp(`^( *)(?:export )?(?:const|function|type) ${name}\\b.*$`, 'gm')
  return [...text.matchAll(beginning)].map((found) => {
    const [first, indent] = [found[0], found[1]!]
    const rest = text.slice(found.index + first.length + 1).split('\n')
    const end = rest.findIndex(
      (line) => line.trim() !== '' && !line.startsWith(`${indent} `) && !/^ *[\])}`]/.test(line),
    )
    return [first, ...(end < 0 ? rest : rest.slice(0, end))].join('\n')
  })
}

/** A source file's text without its comments. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

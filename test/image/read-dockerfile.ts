/** A step of a Dockerfile that changes what is in the image. */
export type ImageStep =
  | {
      readonly kind: 'copy'
      readonly from: string | null
      readonly sources: readonly string[]
      readonly target: string
    }
  | { readonly kind: 'run'; readonly command: string }

/** A stage: the text between two FROM lines. */
export interface ImageStage {
  readonly base: string
  /** By which later stages copy from it; empty for a stage without a name. */
  readonly name: string
  readonly workFolder: string
  readonly env: Readonly<Record<string, string>>
  readonly steps: readonly ImageStep[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

/** Instructions that change nothing in a folder. */
const IGNORED = new Set(['USER', 'EXPOSE'])

/** The stages of a Dockerfile, in their order. Throws at an instruction or an option that it does not know. */
export function readDockerfile(text: string): ImageStage[] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const stages: (ImageStage & { steps: ImageStep[] })[] = []
  for (const line of lines) {
    const [, instruction, rest] = /^([A-Z]+)\s+(.*)$/.exec(line)!
    if (instruction === 'FROM') stages.push(emptyStage(rest!))
    else Object.assign(stages.at(-1)!, changesBy(instruction!, rest!, stages.at(-1)!))
  }
  return stages
}

function emptyStage(rest: string): ImageStage & { steps: ImageStep[] } {
  const [base, , name] = rest.split(/\s+/)
  return { base: base!, name: name ?? '', workFolder: '/', env: {}, steps: [], entrypoint: [], command: [] }
}

function changesBy(instruction: string, rest: string, { steps, env }: ImageStage): Partial<ImageStage> {
  switch (instruction) {
    case 'WORKDIR':
      return { workFolder: rest }
    case 'ENV':
      return { env: { ...env, ...Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split('='))) } }
    case 'COPY':
      return { steps: [...steps, readCopy(rest)] }
    case 'RUN':
      return { steps: [...steps, { kind: 'run', command: rest }] }
    case 'ENTRYPOINT':
      return { entrypoint: JSON.parse(rest) }
    case 'CMD':
      return { command: JSON.parse(rest) }
    default:
      if (!IGNORED.has(instruction)) throw new Error(`unknown instruction of a Dockerfile: ${instruction}`)
      return {}
  }
}

function readCopy(rest: string): ImageStep {
  const words = rest.split(/\s+/)
  const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : null
  if (words.some((word) => word.startsWith('--'))) throw new Error(`unknown option of COPY: ${rest}`)
  return { kind: 'copy', from, sources: words.slice(0, -1), target: words.at(-1)! }
}

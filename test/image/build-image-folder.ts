import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { basename, join, matchesGlob, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type ImageStage, type ImageStep, readDockerfile } from './read-dockerfile.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The image's last stage as folders on this machine. */
export interface ImageFolder {
  readonly stage: ImageStage
  /** Its working folder. */
  readonly folder: string
  /** Its settings; paths name folders below. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Performs the COPY and RUN lines of the project's Dockerfile below this folder, a folder for each stage, without
 * containers: the steps run as this user, and absolute paths of the image are paths below its stage's folder.
 */
export async function buildImageFolder(folder: string): Promise<ImageFolder> {
  const stages = readDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'))
  const isIgnored = await readIgnored()
  const rootOf = (stage: ImageStage): string => join(folder, `stage-${stages.indexOf(stage)}`)
  const named = (name: string): string => rootOf(stages.find((stage) => stage.name === name)!)
  for (const stage of stages) {
    await mkdir(join(rootOf(stage), stage.workFolder), { recursive: true })
    for (const step of stage.steps) {
      if (step.kind === 'run') await run(step.command, rootOf(stage), stage)
      else if (step.from !== null) await copy(step, named(step.from), join(rootOf(stage), stage.workFolder), () => true)
      else await copy(step, ROOT, join(rootOf(stage), stage.workFolder), (path) => !isIgnored(relative(ROOT, path)))
    }
  }
  const last = stages.at(-1)!
  const env = Object.entries(last.env).map(([name, value]) => [name, value.replace(/^\//, `${rootOf(last)}/`)])
  return { stage: last, folder: join(rootOf(last), last.workFolder), env: Object.fromEntries(env) }
}

/** What `npm install` has fetched for the project is in npm's cache. */
export const NPM_FROM_CACHE = { npm_config_prefer_offline: 'true' }

/** Only root gives files to another user, and the image's user does not exist here. */
const PRELUDE = 'chown() { :; }'

async function run(command: string, root: string, { workFolder, env }: ImageStage): Promise<void> {
  const moved = command.replace(/(?<=\s)\/(?=[a-z])/g, `${root}/`)
  await promisify(execFile)('sh', ['-ec', `${PRELUDE}\n${moved}`], {
    cwd: join(root, workFolder),
    env: { ...process.env, ...env, ...NPM_FROM_CACHE },
  })
}

/** As Docker does: what a folder contains is copied, and a file under its own name if the target is a folder. */
async function copy(
  step: Extract<ImageStep, { kind: 'copy' }>,
  from: string,
  to: string,
  filter: (path: string) => boolean,
): Promise<void> {
  for (const source of step.sources) {
    const target = resolve(to, step.target, step.target.endsWith('/') ? basename(source) : '')
    await cp(join(from, source), target, { recursive: true, filter })
  }
}

/** Whether a path of the project is kept from the image: the last line of .dockerignore that matches it decides. */
async function readIgnored(): Promise<(path: string) => boolean> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n').filter(Boolean)
  const rules = lines.map((line) => ({ pattern: line.replace(/^!/, ''), ignores: !line.startsWith('!') }))
  const covers = (pattern: string, path: string): boolean =>
    matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`)
  return (path) => rules.findLast(({ pattern }) => covers(pattern, path))?.ignores ?? false
}

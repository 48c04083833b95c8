import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const ROOT = join(import.meta.dirname, '../..')

/** Seconds that long files took on two cores: copied from a run of `.ci/run`, by hand, when the order has become wrong. */
export const SECONDS_OF_FILES: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'seconds-of-files.json'), 'utf8'),
)

/**
 * Starts the longest files first, so that at the end no worker waits for one long file. Vitest itself orders by the last
 * run, which a fresh checkout does not have, or by size, which says nothing about a test that waits for servers.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const secondsOf = ({ moduleId }: TestSpecification): number => SECONDS_OF_FILES[relative(ROOT, moduleId)] ?? 0
    // Stable: files of the same length keep the order that Vitest gave them.
    const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder
    return (await super.sort(files)).sort((a, b) => groupOf(a) - groupOf(b) || secondsOf(b) - secondsOf(a))
  }
}

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaClassPath } from '../../src/embedded/kafka/fetch-jars.ts'
import { silent } from '../gateway/silent-progress.ts'

const run = promisify(execFile)

/** Runs one of Kafka's own command-line tools by its Java class and returns what it prints. */
export async function javaTool(className: string, args: readonly string[]): Promise<string> {
  const classPath = await kafkaClassPath(join(import.meta.dirname, '../../.smsgw/cache'), silent)
  const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath]
  const { stdout } = await run('java', [...jvm, className, ...args], { timeout: 60_000 })
  return stdout
}

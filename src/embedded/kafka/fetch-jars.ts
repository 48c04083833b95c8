import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { KAFKA_VERSION } from '../../kafka/brokers/kafka-version.ts'
import { packageFile } from '../../runtime/package-files.ts'
import { privateFolder } from '../../runtime/private-folder.ts'
import { EnvironmentError, type Progress } from '../progress.ts'
import { DownloadCount } from './download-count.ts'

const JAVA_MAJOR_MIN = 17
/** Jars that the copy is known to bring; only for the progress, which is why a wrong count does no harm. */
const JARS_EXPECTED = 92

const run = promisify(execFile)

/** The Java class path of a broker and its tools. Fetches the jars by Maven the first time. Throws EnvironmentError. */
export async function kafkaClassPath(cacheFolder: string, progress: Progress, stopping?: AbortSignal): Promise<string> {
  await requireJava()
  // What lies here is run.
  privateFolder(cacheFolder)
  const folder = join(cacheFolder, `kafka-${KAFKA_VERSION}`)
  if (!existsSync(folder)) await fetchJars(cacheFolder, folder, progress, stopping)
  return join(folder, '*')
}

async function requireJava(): Promise<void> {
  const remedy = `Install a Java ${JAVA_MAJOR_MIN} runtime or newer, or set KAFKA_BROKERS to use a Kafka that runs elsewhere.`
  let version: string
  try {
    version = (await run('java', ['-version'])).stderr
  } catch {
    throw new EnvironmentError('Kafka needs Java, and there is no `java` on the PATH.', remedy)
  }
  const major = Number(/version "(\d+)/.exec(version)?.[1])
  if (major < JAVA_MAJOR_MIN)
    throw new EnvironmentError(`Kafka needs Java ${JAVA_MAJOR_MIN}; this is Java ${major}.`, remedy)
}

/** Copies the jars into a folder beside the final one and renames it, so that half a download is never mistaken. */
async function fetchJars(
  cacheFolder: string,
  folder: string,
  progress: Progress,
  stopping: AbortSignal | undefined,
): Promise<void> {
  const work = join(cacheFolder, `kafka-${process.pid}.part`)
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  await cp(packageFile('src/embedded/kafka/pom.xml'), join(work, 'pom.xml'))
  progress('kafka', `fetching Apache Kafka ${KAFKA_VERSION} by Maven`)
  try {
    await copyDependencies(work, progress, stopping)
    await rename(join(work, 'jars'), folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function copyDependencies(work: string, progress: Progress, stopping: AbortSignal | undefined): Promise<void> {
  const args = ['-B', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies']
  return new Promise((resolve, reject) => {
    const outputs = [`-Dkafka.version=${KAFKA_VERSION}`, `-DoutputDirectory=${join(work, 'jars')}`]
    const maven = spawn('mvn', [...args, ...outputs], { stdio: ['ignore', 'pipe', 'pipe'], signal: stopping })
    const downloads = new DownloadCount()
    const lastLines: string[] = []
    const read = (line: string): void => {
      if (downloads.add(line))
        progress('kafka', `Kafka ${KAFKA_VERSION}: ${downloads.describe(JARS_EXPECTED)}`, 'count')
      else if (line.includes('ERROR')) lastLines.push(line)
    }
    createInterface(maven.stdout).on('line', read)
    createInterface(maven.stderr).on('line', read)
    maven.once('error', (error) => {
      if (stopping?.aborted) return reject(error)
      const remedy = 'Install Maven, or set KAFKA_BROKERS to use a Kafka that runs elsewhere.'
      reject(new EnvironmentError('Kafka is fetched by Maven, and there is no `mvn` on the PATH.', remedy))
    })
    maven.once('exit', (code) => {
      if (code === 0) return resolve()
      const remedy = 'Check that Maven reaches a repository (`mvn -v`, ~/.m2/settings.xml), or set KAFKA_BROKERS.'
      reject(new EnvironmentError(`Maven could not fetch Kafka:\n${lastLines.slice(0, 3).join('\n')}`, remedy))
    })
  })
}

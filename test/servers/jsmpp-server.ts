import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../src/embedded/free-port.ts'
import { GuardedServer } from '../../src/embedded/guarded-server.ts'
import { type TemporaryFolder, temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { eventually } from '../gateway/eventually.ts'

const CACHE = join(import.meta.dirname, '../../.smsgw/cache')
const JARS = join(CACHE, 'jsmpp-3.0.1')
const JVM = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
/** A byte of a short message is a character of the log. */
const LATIN1 = ['-Dfile.encoding=ISO-8859-1', '-Dsun.stderr.encoding=ISO-8859-1']
const SUBMITTED = /Receiving submit_sm '(.*?)', and return message id ([0-9a-f]+)\n/gs

const run = promisify(execFile)

/** What the server says of a submit_sm that it took. */
export interface JsmppSubmit {
  /** The short message, a character for each octet, with its user data header. */
  readonly shortMessage: string
  /** As in submit_sm_resp: hexadecimal. Receipts have the same number in decimal. */
  readonly messageId: string
}

/**
 * `SMPPServerSimulator` of the Java library jSMPP 3.0.1. Takes binds with `JsmppServer.credentials`; greets each
 * session that can receive with a deliver_sm `Hello World`; sends a receipt, as text, one second after a submit_sm
 * that asks for one, with the id of submit_sm_resp turned from hexadecimal to decimal. Refuses query_sm, cancel_sm,
 * replace_sm and data_sm. Between accepting a connection and its bind it accepts no other. After
 * unbind_resp it waits for the client to close.
 */
export class JsmppServer {
  static readonly credentials = { systemId: 'j', password: 'jpwd' }
  readonly port: number
  readonly #server: GuardedServer
  readonly #folder: TemporaryFolder
  readonly #logFile: string

  private constructor(port: number, server: GuardedServer, folder: TemporaryFolder, logFile: string) {
    this.port = port
    this.#server = server
    this.#folder = folder
    this.#logFile = logFile
  }

  static async start(): Promise<JsmppServer> {
    if (!existsSync(JARS)) await fetchJars()
    const folder = temporaryFolder('smsgw-jsmpp')
    const logFile = join(folder.path, 'server.log')
    const port = await freePort()
    const options = [...JVM, ...LATIN1, `-Djsmpp.simulator.port=${port}`, '-Dorg.slf4j.simpleLogger.log.org.jsmpp=info']
    const args = [...options, '-cp', join(JARS, '*'), 'org.jsmpp.examples.SMPPServerSimulator']
    const server = await GuardedServer.start({ command: 'java', args, logFile, stopSignal: 'TERM' })
    const started = new JsmppServer(port, server, folder, logFile)
    const log = await eventually(
      'the jSMPP server listens or has exited',
      () => started.#log(),
      (text) => text.includes('Listening on port') || server.hasExited,
    )
    if (log.includes('Listening on port')) return started
    await started.stop()
    throw new Error(`jSMPP's server does not start:\n${log}`)
  }

  /** Every submit_sm that it took, in the order of its log. */
  submitted(): JsmppSubmit[] {
    return [...this.#log().matchAll(SUBMITTED)].map(([, shortMessage, messageId]) => ({
      shortMessage: shortMessage!,
      messageId: messageId!,
    }))
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await this.#folder.remove()
  }

  #log(): string {
    return readFileSync(this.#logFile, 'latin1')
  }
}

/** Into a folder beside the final one, which is then renamed, so that half of it is never mistaken. */
async function fetchJars(): Promise<void> {
  const work = join(CACHE, `jsmpp-${process.pid}.part`)
  await mkdir(work, { recursive: true })
  const pom = join(import.meta.dirname, 'jsmpp-pom.xml')
  try {
    await run('mvn', ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${work}`])
    await rename(work, JARS).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(JARS)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

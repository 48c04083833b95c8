import { spawn } from 'node:child_process'

const TIMEOUT_MS = 120_000

export interface CommandLine {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Its standard input. */
  readonly input?: string
}

/** Runs a program to its end and returns the lines it printed. Throws with what it complained of. */
export function runCommand({ command, args, env = {}, input = '' }: CommandLine): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' })
    const printed: Buffer[] = []
    const complaints: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(printed).toString().split('\n').filter(Boolean))
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${Buffer.concat(complaints).toString()}`))
    })
    // A program that ends before it has read all of it says why by its exit code.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Runs one of Kafka's own tools by its main class. */
export function runKafkaTool(classPath: string, main: string, args: readonly string[], input = ''): Promise<string[]> {
  const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath]
  return runCommand({ command: 'java', args: [...jvm, `org.apache.kafka.tools.${main}`, ...args], input })
}

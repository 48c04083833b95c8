import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { ExpectedError } from '../runtime/expected-error.ts'
import { packageFile } from '../runtime/package-files.ts'

const CAMPAIGN = packageFile('test/chaos/main.ts')

/** `smsgw chaos`: the campaign belongs to the tests, and runs as a process of its own. */
export function chaosCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('chaos')
    .description('inject faults into a gateway of its own under load, and audit the outcome of every message')
    .argument('[options...]', 'as `smsgw chaos --help` shows them')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (options: string[]) => {
      if (!existsSync(CAMPAIGN))
        throw new ExpectedError('The campaign comes with the source, under test/: it is not here.')
      done(await run(options))
    })
}

async function run(options: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [CAMPAIGN, ...options], { stdio: 'inherit' })
  // Ctrl-C at a terminal reaches it by itself; we wait until it has stopped what it started.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

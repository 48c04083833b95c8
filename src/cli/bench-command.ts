import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { ExpectedError } from '../runtime/expected-error.ts'
import { packageFile } from '../runtime/package-files.ts'

const BENCH = packageFile('bench/main.ts')

/** `smsgw bench …`: the measuring program of the checkout, which an installed package does not bring. */
export function benchCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('bench')
    .description('benchmark the gateway on this machine; `smsgw bench --help` lists the benchmarks')
    .argument('[args...]', 'as `smsgw bench --help` shows them')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (args: string[]) => {
      done(await bench(args))
    })
}

function bench(args: readonly string[]): Promise<number> {
  if (!existsSync(BENCH)) {
    throw new ExpectedError('`smsgw bench` needs a checkout of the repository: its folder bench/ is not here.')
  }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BENCH, ...args], { stdio: 'inherit' })
    // Ctrl-C at a terminal reaches the child by itself, and it stops its servers; what is sent to us is handed on.
    process.on('SIGINT', () => {})
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

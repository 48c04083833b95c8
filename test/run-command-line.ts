import { vi } from 'vitest'
import { runCommandLine } from '../src/cli/command-line.ts'

/** Runs a command of `smsgw` in this process. What it prints is returned instead. */
export async function runSmsgw(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const printed: string[] = []
  const reported: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...line) => void printed.push(`${line.join(' ')}\n`))
  const error = vi.spyOn(console, 'error').mockImplementation((...line) => void reported.push(`${line.join(' ')}\n`))
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => reported.push(String(text)) > 0)
  try {
    const code = await runCommandLine(['node', 'smsgw', ...args])
    return { code, stdout: printed.join(''), stderr: reported.join('') }
  } finally {
    for (const spy of [log, error, out, err]) spy.mockRestore()
  }
}

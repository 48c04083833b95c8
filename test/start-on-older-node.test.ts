import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../src/embedded/temporary-folder.ts'
import { ROOT } from './read-source.ts'

/** Makes a process believe that it runs on an older Node; its children do not inherit it. */
const ON_OLDER_NODE = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })",
)}`

function smsgw(folder: string, nodeArgs: readonly string[], ...args: string[]) {
  const program = join(folder, 'bin/smsgw.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArgs, program, ...args], { encoding: 'utf8' })
  return { status, stdout: stdout.trim(), stderr }
}

const PRINT_START = 'console.log(process.execPath, ...process.argv.slice(1)); process.exitCode = 3'

/** The gateway as npm installs it, but for its modules: the program prints how it was started. */
function installed(): { readonly folder: string; readonly modules: string } {
  const { path, remove } = temporaryFolder('smsgw-bin')
  onTestFinished(remove)
  const modules = join(path, 'node_modules')
  const folder = join(modules, 'smsgw')
  mkdirSync(join(folder, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'dist/main.js'), PRINT_START)
  return { folder, modules }
}

test('a package runs its compiled modules, a checkout its source, also beside a `dist/` that may be old', () => {
  const { folder, modules } = installed()
  expect(smsgw(folder, [], 'run', 'api')).toMatchObject({ status: 3, stdout: expect.stringMatching(/ run api$/) })
  const checkout = join(modules, '../checkout')
  cpSync(folder, checkout, { recursive: true })
  mkdirSync(join(checkout, 'src'))
  writeFileSync(join(checkout, 'src/main.ts'), "const text: string = 'source'; console.log(text)")
  expect(smsgw(checkout, [], 'run', 'api')).toEqual({ status: 0, stdout: 'source', stderr: '' })
})

test('an older Node starts the gateway on the Node of the package `node` that npm has installed beside it', () => {
  const { folder, modules } = installed()
  mkdirSync(join(modules, 'node/bin'), { recursive: true })
  writeFileSync(join(modules, 'node/package.json'), '{}')
  writeFileSync(join(modules, 'node/bin/node'), '#!/bin/sh\necho the other "$@"; exit 4', { mode: 0o700 })
  expect(smsgw(folder, ['--import', ON_OLDER_NODE], 'run', 'api')).toMatchObject({
    status: 4,
    stdout: `the other ${join(folder, 'dist/main.js')} run api`,
  })
})

test('an older Node without that package says which Node is needed', () => {
  const { status, stdout, stderr } = smsgw(installed().folder, ['--import', ON_OLDER_NODE], 'up')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/needs Node 24\.6 or newer/)
  expect(stderr).toMatch(/package\s+`node`/)
})

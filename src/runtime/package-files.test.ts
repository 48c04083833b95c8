import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../embedded/temporary-folder.ts'
import { configFile, IS_PACKAGE, installedPackage, moduleFile, packageFile, readManifest } from './package-files.ts'

const ROOT = join(import.meta.dirname, '../..')

test('a checkout finds its files, and its modules as TypeScript', () => {
  expect(IS_PACKAGE).toBe(false)
  expect(packageFile('migrations/postgres')).toBe(join(ROOT, 'migrations/postgres'))
  expect(moduleFile('main')).toBe(join(ROOT, 'src/main.ts'))
  expect(readManifest().version).toMatch(/^\d+\.\d+\.\d+$/)
})

test('a file of config/ is that of the working folder, or the own one where there is none', () => {
  const { path: folder, remove } = temporaryFolder('smsgw-config')
  onTestFinished(remove)
  const found = (): string => {
    const code = `import { configFile } from ${JSON.stringify(join(import.meta.dirname, 'package-files.ts'))}
      console.log(configFile('topics.yaml'))`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: folder,
      encoding: 'utf8',
    })
    return stdout.trim()
  }
  expect(found()).toBe(join(ROOT, 'config/topics.yaml'))
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config/topics.yaml'), '')
  expect(found()).toBe('config/topics.yaml')
  expect(existsSync(configFile('operators.yaml'))).toBe(true)
})

test('an npm package is looked up from the package that asks for it', () => {
  expect(installedPackage('fastify')).toBe(join(ROOT, 'node_modules/fastify'))
  expect(installedPackage('a-package-that-is-not-installed')).toBeNull()
  const { path: folder, remove } = temporaryFolder('smsgw-modules')
  onTestFinished(remove)
  mkdirSync(join(folder, 'node_modules/nested'), { recursive: true })
  expect(installedPackage('nested', folder)).toBe(join(folder, 'node_modules/nested'))
  expect(installedPackage('fastify', folder)).toBeNull()
})

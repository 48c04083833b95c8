import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'

/*
  The gateway runs in two forms. A checkout runs `src/*.ts` as it is. A package, which npm installs, runs `dist/*.js`, compiled
  from it, because Node strips no types below node_modules. `dist/` mirrors `src/`; everything else has the same path in both.
  Only this file knows where it lies: whatever reads a file of the gateway, or starts one as a process, finds it here.
*/
const ROOT = join(import.meta.dirname, '../..')
const MODULE_EXTENSION = extname(import.meta.filename)

/** Whether this process runs the compiled modules of a package, and not the source. */
export const IS_PACKAGE = MODULE_EXTENSION === '.js'

/** What `package.json` says that the gateway itself needs to know. */
interface Manifest {
  readonly version: string
  readonly optionalDependencies: Readonly<Record<string, string>>
}

/** The absolute path of a file or folder that is no module, by its path in the repository. */
export function packageFile(path: string): string {
  return join(ROOT, path)
}

/** The absolute path of a module in the form that runs, by its path below `src/` without extension. */
export function moduleFile(path: string): string {
  return join(import.meta.dirname, '..', `${path}${MODULE_EXTENSION}`)
}

/** The path of a file of `config/`: that of the working folder, or the gateway's own where there is none. */
export function configFile(name: string): string {
  const path = join('config', name)
  return existsSync(path) ? path : packageFile(path)
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as Manifest
}

/**
 * The folder of an npm package, looked up as Node does for modules of the package in `from`, by default the gateway itself;
 * null if it is not installed.
 */
export function installedPackage(name: string, from = ROOT): string | null {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
  return found === undefined ? null : realpathSync(found)
}

import { relative, sep } from 'node:path'
import { inMegabytes, reservedBytes } from '../../runtime/disk-space.ts'
import { DiskWatch } from '../../runtime/disk-watch.ts'
import type { EmbeddedServers } from './embedded-servers.ts'

/** A disk is reported when twice its reserve is left: in time to act. */
const WARN_RESERVES = 2

/** The folders whose disks this gateway fills: its own, and where PostgreSQL's data lies when that is elsewhere. */
export function dataFolders(dataFolder: string, { servers }: Pick<EmbeddedServers, 'servers'>): string[] {
  const elsewhere = servers
    .map(({ folder }) => folder)
    .filter((folder) => relative(dataFolder, folder).split(sep)[0] === '..')
  return [dataFolder, ...elsewhere]
}

/** Prints a line when a disk fills up, and when it has recovered. */
export function watchDataDisks(
  folders: readonly string[],
  reserveBytesMax: number,
  notify: (what: string) => void,
): DiskWatch {
  const watch = new DiskWatch({
    folders,
    reserveBytesMax,
    lowReserves: WARN_RESERVES,
    changed: (space, isLow) => {
      const left = `The disk of ${space.folder} has ${inMegabytes(space.freeBytes)} left`
      const limit = inMegabytes(reservedBytes(space, reserveBytesMax))
      notify(isLow ? `${left}; below ${limit} posts are refused until there is room.` : `${left}: there is room again.`)
    },
  })
  watch.start()
  return watch
}

import { inMegabytes } from '../runtime/disk-space.ts'
import { DiskWatch } from '../runtime/disk-watch.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { GatewaySettings } from './settings.ts'

/** The watch over the disks of DISK_FOLDERS, its changes in the log and its sizes in the metrics. */
export function createDiskWatch(gateway: GatewaySettings, metrics: Metrics, log: Log): DiskWatch {
  const watch = new DiskWatch({
    folders: gateway.DISK_FOLDERS.split(',').filter((folder) => folder !== ''),
    reserveBytesMax: gateway.DISK_RESERVE_BYTES,
    lowReserves: 1,
    changed: ({ folder, freeBytes }, isLow) => {
      const fields = { folder, free: inMegabytes(freeBytes) }
      if (isLow) log.error(fields, 'disk nearly full; refusing posts')
      else log.info(fields, 'disk space recovered; accepting posts')
    },
  })
  const help = 'on the disk of a folder of DISK_FOLDERS'
  metrics.gaugeBy('smsgw_disk_free_bytes', `Free ${help}`, 'folder', () =>
    watch.spaces.map(({ folder, freeBytes }) => [folder, freeBytes]),
  )
  metrics.gaugeBy('smsgw_disk_total_bytes', `Size ${help}`, 'folder', () =>
    watch.spaces.map(({ folder, totalBytes }) => [folder, totalBytes]),
  )
  return watch
}

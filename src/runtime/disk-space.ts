import { statfs } from 'node:fs/promises'

/** Of a disk of this size at most so much is kept back, however much the setting says. */
const RESERVE_SHARE_MAX = 0.05

/** The room on the disk of a folder, for users without special rights. */
export interface DiskSpace {
  readonly folder: string
  readonly freeBytes: number
  readonly totalBytes: number
}

/** Null for a folder that is not there, or whose disk does not say. */
export async function diskSpace(folder: string): Promise<DiskSpace | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder)
    return blocks === 0 ? null : { folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch {
    return null
  }
}

/**
 * How many bytes of a disk are kept back for what was accepted already: its attempts, receipts, ledger entries and
 * records. The setting is for large disks; of a small one a twentieth is enough.
 */
export function reservedBytes({ totalBytes }: Pick<DiskSpace, 'totalBytes'>, reserveBytesMax: number): number {
  return Math.min(reserveBytesMax, totalBytes * RESERVE_SHARE_MAX)
}

/** `1.4 GB`, `75 MB`. */
export function inMegabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.floor(bytes / 1e6)} MB`
}

/** Whether a file could not be written for want of room; the same write succeeds when there is some. */
export function isNoRoom(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

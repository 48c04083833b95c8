import { expect, test } from 'vitest'
import { type DiskSpace, diskSpace, inMegabytes, reservedBytes } from './disk-space.ts'
import { DiskWatch } from './disk-watch.ts'

test('a twentieth of a small disk is kept back, and the setting of a large one', () => {
  expect(reservedBytes({ totalBytes: 1_000 }, 600)).toBe(50)
  expect(reservedBytes({ totalBytes: 1_000_000 }, 600)).toBe(600)
  expect(reservedBytes({ totalBytes: 1_000_000 }, 0)).toBe(0)
})

test('sizes are said so that people read them', () => {
  expect([0, 75_300_000, 1_440_000_000].map(inMegabytes)).toEqual(['0 MB', '75 MB', '1.4 GB'])
})

test('a folder that is not there says nothing', async () => {
  expect(await diskSpace('/not/there')).toBeNull()
})

test('a disk is low below its reserves, and each change is said once', async () => {
  const changes: boolean[] = []
  const look = async (lowReserves: number): Promise<DiskWatch> => {
    const watch = new DiskWatch({
      folders: ['/', '/not/there'],
      reserveBytesMax: 1,
      lowReserves,
      changed: (_space, isLow) => changes.push(isLow),
    })
    await watch.look()
    await watch.look()
    return watch
  }
  expect((await look(1)).lowFolder).toBeNull()
  expect(changes).toEqual([])
  const low = await look(Number.MAX_SAFE_INTEGER)
  expect(low.lowFolder).toBe('/')
  expect(low.spaces.map(({ folder }) => folder)).toEqual(['/'])
  expect(changes).toEqual([true])
})

const FULL: DiskSpace = { folder: '/data', freeBytes: 0, totalBytes: 1_000 }

test('a disk that was low and does not say any more is forgotten, and known again when it does', async () => {
  let space: DiskSpace | null = FULL
  const options = { folders: ['/data'], reserveBytesMax: 10, lowReserves: 1, changed: () => {} }
  const watch = new DiskWatch({ ...options, read: async () => space })
  const seen: (string | null)[] = []
  for (space of [FULL, null, FULL]) {
    await watch.look()
    seen.push(watch.lowFolder, watch.spaces[0]?.folder ?? null)
  }
  expect(seen).toEqual(['/data', '/data', null, null, '/data', '/data'])
})

test('a disk that never answers is asked once, and hides no other', async () => {
  const asked: string[] = []
  const options = { folders: ['/hangs', '/data'], reserveBytesMax: 10, lowReserves: 1, changed: () => {} }
  const read = (folder: string): Promise<DiskSpace | null> => {
    asked.push(folder)
    return folder === '/hangs' ? new Promise(() => {}) : Promise.resolve(FULL)
  }
  const watch = new DiskWatch({ ...options, read })
  // Each look waits for an answer, for a while.
  for (let looks = 0; looks < 2; looks++) void watch.look()
  await expect.poll(() => watch.lowFolder).toBe('/data')
  expect(asked.filter((folder) => folder === '/hangs')).toHaveLength(1)
})

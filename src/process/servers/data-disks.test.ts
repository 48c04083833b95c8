import { expect, test } from 'vitest'
import { dataFolders } from './data-disks.ts'

test('a folder is below the data folder by its path, not by how its name begins', () => {
  const at = (...folders: string[]) => ({ servers: folders.map((folder) => ({ folder })) }) as never
  expect(dataFolders('/data', at('/data/kafka', '/data'))).toEqual(['/data'])
  expect(dataFolders('/data', at('/data2/postgres', '/srv', '/'))).toEqual(['/data', '/data2/postgres', '/srv', '/'])
  expect(dataFolders('/data', at('/data/..postgres'))).toEqual(['/data'])
})

import { expect, test } from 'vitest'
import { DownloadCount } from './download-count.ts'

test('jars and their sizes are counted as Maven says them; poms and announcements are not', () => {
  const count = new DownloadCount()
  const lines = [
    'Downloading from central: https://repo.example/org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.jar',
    'Downloaded from central: https://repo.example/org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.pom (3.1 kB at 90 kB/s)',
    'Downloaded from central: https://repo.example/org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.jar (5.2 MB at 1.1 MB/s)',
    '[INFO] Downloaded from mirror: https://repo.example/a.jar (870 kB at 5.0 MB/s)',
    'Downloaded from central: https://repo.example/tiny.jar (512 B at 1.0 kB/s)',
    '[INFO] Copying a.jar to jars',
  ]
  expect(lines.map((line) => count.add(line))).toEqual([false, false, true, true, true, false])
  expect(count.describe(92)).toBe('3 of 92 files, 6 MB')
  expect(count.describe(2)).toBe('3 of 3 files, 6 MB')
})

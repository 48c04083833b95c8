import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTopicsDeclaration, readTopicsFile } from './topics-file.ts'

function read(source: string) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'smsgw-'))
  const path = join(folder.path, 'topics.yaml')
  writeFileSync(path, source)
  expect(readTopicsFile(path)).toEqual(readTopicsDeclaration(path).topics)
  return readTopicsDeclaration(path)
}

test('topics are read in their order, and values as Kafka writes them', () => {
  const source = `owns: sms.
topics:
  sms.b: {partitions: 3, replication_factor: 2, configs: {retention.ms: 604800000, preallocate: true, cleanup.policy: compact}}
  a_1-x: {partitions: 1, replication_factor: 1, configs: {}}
`
  expect(read(source)).toEqual({
    owns: 'sms.',
    topics: [
      {
        ...{ name: 'sms.b', partitions: 3, replicationFactor: 2 },
        configs: { 'retention.ms': '604800000', preallocate: 'true', 'cleanup.policy': 'compact' },
      },
      { name: 'a_1-x', partitions: 1, replicationFactor: 1, configs: {} },
    ],
  })
  expect(read('topics: {}')).toEqual({ owns: null, topics: [] })
})

test.each([
  ['partitions: 0, replication_factor: 1, configs: {}', /:2: \/topics\/a\/partitions/],
  ['partitions: 1.5, replication_factor: 1, configs: {}', /:2: \/topics\/a\/partitions/],
  ['partitions: 1, replication_factor: 0, configs: {}', /:2: \/topics\/a\/replication_factor/],
  ['partitions: 1, replication_factor: 1', /:2: \/topics\/a must have required properties configs/],
  ['partitions: 1, replication_factor: 1, configs: {x: [1]}', /:2: \/topics\/a\/configs\/x/],
  [
    'partitions: 1, replication_factor: 1, configs: {}, retention: 1',
    /:2: \/topics\/a\/retention is not a known field/,
  ],
])('a topic of %s is refused with its line', (topic, fault) => {
  expect(() => read(`topics:\n  a: {${topic}}`)).toThrow(fault)
})

test.each([
  ['topics: {}\nother: 1', /:2: \/other is not a known field/],
  ['owns: ""\ntopics: {}', /:1: \/owns/],
  ['owns: sms.', /:1: \/ must have required properties topics/],
])('%j is no file of topics', (source, fault) => {
  expect(() => read(source)).toThrow(fault)
})

test.each(['a b', 'ä', 'x'.repeat(250)])('no topic is called %j', (name) => {
  const source = `topics:\n  "${name}": {partitions: 1, replication_factor: 1, configs: {}}`
  expect(() => read(source)).toThrow(/:2: /)
})

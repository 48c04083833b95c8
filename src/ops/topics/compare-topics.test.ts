import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compareTopic, fitToBrokers } from './compare-topics.ts'
import { readTopicsFile } from './topics-file.ts'

const declared = readTopicsFile(join(import.meta.dirname, '../../../config/topics.yaml'))
const [accepted] = declared

test('the file declares the topics of the design, and those of the audit log', () => {
  expect(declared.map(({ name, partitions }) => [name, partitions])).toEqual([
    ['sms.accepted', 30],
    ['sms.delivery', 50],
    ['sms.status', 30],
    ['sms.dlq', 10],
    ['sms.audit', 3],
    ['sms.audit.anchors', 1],
  ])
})

test('on fewer brokers a topic has what they can hold, and one of them to spare', () => {
  const on = (brokers: number) => {
    const { replicationFactor, configs } = fitToBrokers(accepted!, brokers)
    return [replicationFactor, configs['min.insync.replicas']]
  }
  expect([on(1), on(2), on(3), on(5)]).toEqual([
    [1, '1'],
    [2, '1'],
    [3, '2'],
    [3, '2'],
  ])
})

test('every difference is named, and what the file does not name may be anything', () => {
  const configs = new Map([...Object.entries(accepted!.configs), ['retention.ms', '1'], ['max.message.bytes', '9']])
  const actual = { partitions: 31, replicationFactor: 3, configs }
  expect(compareTopic(accepted!, actual)).toEqual([
    { topic: 'sms.accepted', what: 'partitions', declared: '30', actual: '31' },
    { topic: 'sms.accepted', what: 'retention.ms', declared: '604800000', actual: '1' },
  ])
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compareTopic, fitToBrokers } from './compare-topics.ts'
import { readTopicsFile } from './topics-file.ts'

const declared = readTopicsFile(join(import.meta.dirname, '../../config/topics.yaml'))
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

test('what is fitted to fewer brokers stays as declared otherwise', () => {
  const topic = { name: 't', partitions: 2, replicationFactor: 3, configs: { 'retention.ms': '1' } }
  expect(fitToBrokers(topic, 2)).toEqual({ ...topic, replicationFactor: 2 })
  expect(fitToBrokers(topic, 3)).toEqual(topic)
  const inSync = { ...topic, configs: { ...topic.configs, 'min.insync.replicas': '1' } }
  expect(fitToBrokers(inSync, 2)).toEqual({ ...inSync, replicationFactor: 2 })
  const all = { ...topic, configs: { 'min.insync.replicas': '3' } }
  expect(fitToBrokers(all, 3)).toEqual(all)
  const five = { ...topic, replicationFactor: 5, configs: { 'min.insync.replicas': '2' } }
  expect(fitToBrokers(five, 3)).toEqual({ ...five, replicationFactor: 3 })
})

test('a replica too few is a difference, and so is a config that the cluster does not name', () => {
  const configs = { 'retention.ms': '1' }
  const declaredTopic = { name: 't', partitions: 2, replicationFactor: 3, configs }
  expect(compareTopic(declaredTopic, { partitions: 2, replicationFactor: 2, configs: new Map() })).toEqual([
    { topic: 't', what: 'replication_factor', declared: '3', actual: '2' },
    { topic: 't', what: 'retention.ms', declared: '1', actual: '' },
  ])
})

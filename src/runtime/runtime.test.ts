import { Writable } from 'node:stream'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { Health } from './health.ts'
import { createLog } from './log.ts'
import { type Service, ServiceGroup } from './service.ts'
import { choice, integer, readSettings, secret } from './settings.ts'
import { parseYamlFile } from './yaml-file.ts'

test('settings that cannot be are all named, and a secret is not shown', () => {
  const settings = {
    PORT: integer(1, '', { max: 9 }),
    MODE: choice(['a', 'b'], 'a', ''),
    URL: {
      ...secret('', ''),
      parse: () => {
        throw new Error('must be a URL')
      },
    },
  }
  const fault = (): unknown => readSettings(settings, { PORT: '80', MODE: 'c', URL: 'hidden' })
  expect(fault).toThrow(
    /PORT must be a whole number from 0 to 9 \(it is "80"\)[\s\S]*MODE must be one of a, b[\s\S]*URL must be a URL/,
  )
  expect(fault).not.toThrow(/hidden/)
  expect(readSettings(settings, { PORT: '' })).toMatchObject({ PORT: 1, MODE: 'a' })
})

test('services of a process stop in the order of the flow, also when one of them cannot start', async () => {
  const heard: string[] = []
  const service = (name: string, start = async (): Promise<void> => {}): Service => {
    return { name, start, stop: async () => void heard.push(name) }
  }
  const group = new ServiceGroup('g', [service('a'), service('b'), service('c')])
  await group.start()
  await group.stop()
  expect(heard.splice(0)).toEqual(['a', 'b', 'c'])
  const broken = new ServiceGroup('g', [service('a'), service('b', () => Promise.reject(new Error('no')))])
  await expect(broken.start()).rejects.toThrow('no')
  expect(heard).toEqual(['a', 'b'])
})

test('health names what is wrong, and is not ready when draining', async () => {
  const health = new Health()
  health.add('good', () => {})
  expect(await health.report()).toEqual({ ready: true, checks: { good: 'ok' } })
  health.add('bad', () => {
    throw new Error('is unavailable')
  })
  expect(await health.report()).toEqual({ ready: false, checks: { good: 'ok', bad: 'is unavailable' } })
  const draining = new Health()
  draining.drain()
  expect((await draining.report()).ready).toBe(false)
})

test('a log shows neither texts nor phones nor secrets, however a line is written', () => {
  let written = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      done()
    },
  })
  const log = createLog('test', 'info', sink)
  log.info(
    { text: 'SECRET-1', phone: 'SECRET-2', task: { phone: 'SECRET-3', text: 'SECRET-4' }, secret: 'SECRET-5' },
    'a line',
  )
  log.error({ err: new Error('what went wrong') }, 'another')
  expect(written).not.toContain('SECRET')
  expect(written).toContain('what went wrong')
})

test('a fault in a file is named with its line', () => {
  const schema = Type.Object({ topics: Type.Record(Type.String(), Type.Object({ partitions: Type.Integer() })) })
  const parse = (text: string) => parseYamlFile(schema, text, 'topics.yaml')
  expect(() => parse('topics:\n  a:\n    partitions: 3\n  b:\n    partitions: many\n')).toThrow(
    /^topics\.yaml:5: \/topics\/b\/partitions/,
  )
  expect(() => parse('topics: [')).toThrow(/^topics\.yaml:\d+:/)
  expect(parse('topics: {a: {partitions: 1}}').value.topics.a!.partitions).toBe(1)
})

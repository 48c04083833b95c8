import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from './free-port.ts'

test('a free port is none that an outgoing connection may take, and the preferred one only while it is free', async () => {
  const port = await freePort()
  expect(port).toBeLessThan(32_768)
  expect(await freePort(port)).toBe(port)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  try {
    expect(await freePort(port)).not.toBe(port)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('no port is drawn twice, also by servers that start at once and do not listen yet', async () => {
  // Of as many independent draws some hundred would be alike.
  const ports = await Promise.all(Array.from({ length: 2_000 }, () => freePort()))
  expect(new Set(ports).size).toBe(ports.length)
})

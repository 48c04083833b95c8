import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152): one of those may be
 * taken by a connection before the server that it was chosen for listens.
 */
const FIRST = 15_000
const LAST = 32_767
const TRIES_MAX = 100
/** Ports drawn in this process: servers that start at once draw several before the first of them listens. */
const drawn = new Set<number>()
const DRAWN_MAX = (LAST - FIRST) / 2

/** A port on 127.0.0.1 without a listener that was not drawn here before; the preferred one if it is free. */
export async function freePort(preferred = 0): Promise<number> {
  if (preferred > 0 && (await isFree(preferred))) return preferred
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(FIRST, LAST + 1)
    if (drawn.has(port)) continue
    if (drawn.size >= DRAWN_MAX) drawn.clear()
    drawn.add(port)
    if (await isFree(port)) return port
  }
  throw new Error(`${TRIES_MAX} ports between ${FIRST} and ${LAST} are all taken`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

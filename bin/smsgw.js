#!/usr/bin/env node
// Runs the gateway on the Node that the project depends on (the npm package `node`), so that an older
// Node on the machine is enough to start it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
  await import('../src/main.ts')
} else {
  const bundledNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  if (!existsSync(bundledNode)) {
    console.error(
      `smsgw needs Node ${NODE_MAJOR_MIN} or newer (this is ${process.version}). Run \`npm install\` first: it brings one.`,
    )
    process.exit(1)
  }
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const child = spawn(bundledNode, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C at a terminal reaches the child by itself; what is sent to us alone is handed on.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}

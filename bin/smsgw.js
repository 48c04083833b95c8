#!/usr/bin/env node
// Starts the gateway on a Node that is new enough: this one, or else the one of the npm package `node`, which npm installs
// with the gateway. A checkout has the source, which Node runs as it is; a package has the modules compiled from it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Of Node 24, the oldest that the Kafka client library supports. */
const NODE_MIN = [24, 6]

const main = ['../src/main.ts', '../dist/main.js'].map((path) => new URL(path, import.meta.url)).find(existsSync)
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) await import(main.href)
else runOn(bundledNode())

function bundledNode() {
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node')
    if (existsSync(path)) return path
  } catch {
    // It is not installed.
  }
  console.error(`smsgw needs Node ${NODE_MIN.join('.')} or newer; this is ${process.version}.
  Install a newer Node, or install smsgw with its optional dependencies and their install scripts: the npm package
  \`node\` is one of them, and smsgw runs on it.`)
  process.exit(1)
}

function runOn(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C at a terminal reaches the child by itself; a signal to this process alone is passed on.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}

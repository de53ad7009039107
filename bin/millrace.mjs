#!/usr/bin/env node
// The command in a clone. The published package starts dist/cli/main.js instead.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = relative => fileURLToPath(new URL(relative, import.meta.url))

if (Number(process.versions.node.split('.')[0]) < 24) {
  // The dev dependency `node` brings a Node that can run the sources.
  const newer = path('../node_modules/.bin/node')
  if (!existsSync(newer)) {
    console.error(`Millrace needs Node 24 or later; this is ${process.version}. In a clone, "npm ci" brings one.`)
    process.exit(1)
  }
  const child = spawnSync(newer, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(child.status ?? 1)
}
const { enableCompileCache } = await import('node:module')
enableCompileCache()
const { main } = await import('../runtime/cli/main.ts')
await main(process.argv.slice(2))

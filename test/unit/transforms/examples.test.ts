import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'
import type { TransformDefinition } from '../../../runtime/api/index.ts'
import { pluginKind } from '../../../runtime/api/index.ts'
import { transformContract } from '../../../runtime/testing/transform-contract.ts'

const folder = fileURLToPath(new URL('../../../transforms/', import.meta.url))

for (const file of readdirSync(folder).filter(name => name.endsWith('.ts'))) {
  const { default: plugin } = (await import(folder + file)) as { default?: unknown }
  if (pluginKind(plugin) !== 'transformation') continue
  const transform = plugin as TransformDefinition
  describe(transform.class, () => transformContract({ test, transform }))
}

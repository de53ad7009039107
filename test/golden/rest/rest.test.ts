import { join } from 'node:path'
import { playCapturedRest, testExcluded } from './rest-suite.ts'

playCapturedRest(['standalone', 'distributed'], async folder => ({
  settings: { 'bootstrap.servers': `embedded:${join(folder, 'broker')}`, 'millrace.broker.port': '0' },
  close: async () => {},
}))
testExcluded()

import { startBroker } from '../../runtime/broker/broker.ts'

/** A broker in a process of its own: `node broker-child.ts FOLDER PORT`. Sends its port when it serves. */
const [dataDir = '', port = '0'] = process.argv.slice(2)
const broker = await startBroker({
  dataDir,
  port: Number(port),
  // A worker killed in a test must not hold up the next one.
  settings: { 'group.min.session.timeout.ms': '100', 'group.initial.rebalance.delay.ms': '0' },
})
process.send?.({ port: broker.port })
process.on('disconnect', () => process.exit(0))

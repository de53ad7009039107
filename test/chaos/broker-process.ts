import { startBroker } from '../../runtime/broker/broker.ts'

/** A broker to be killed: `node broker-process.ts FOLDER PORT`. Sends its port when it serves. */
const [folder = '', port = '0'] = process.argv.slice(2)
const broker = await startBroker({
  dataDir: folder,
  port: Number(port),
  // Often enough that kills meet rolls, checkpoints and compactions.
  settings: {
    'log.segment.bytes': '200000',
    'log.flush.offset.checkpoint.interval.ms': '150',
    'log.cleaner.backoff.ms': '100',
    'log.cleaner.min.cleanable.ratio': '0.1',
  },
})
process.send?.({ port: broker.port })
process.on('disconnect', () => process.exit(0))

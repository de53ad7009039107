import { describe, expect, it } from 'vitest'
import { renderMetrics } from '../../../runtime/telemetry/metrics.ts'
import { SinkTaskMetrics, SourceTaskMetrics } from '../../../runtime/telemetry/metrics-task.ts'
import { Series, Shares, Total } from '../../../runtime/telemetry/metrics-window.ts'

const clockAt = () => {
  const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time }
  return clock
}

describe('metrics over a window', () => {
  it('gives the rate of the last one to two samples, not of all time', () => {
    const total = new Total(0)
    total.total = 3000
    expect(total.rate(30_000)).toBe(100)
    expect(total.rate(60_000)).toBe(0)
    total.total += 300
    expect(total.rate(70_000)).toBeCloseTo(300 / 40, 5)
  })

  it('forgets old extremes', () => {
    const series = new Series(0)
    series.add(10)
    series.add(20)
    expect(series.read(30_000)).toEqual({ max: 20, min: 10, avg: 15 })
    series.add(2)
    expect(series.read(40_000)).toMatchObject({ max: 20, min: 2 })
    expect(series.read(60_000).max).toBe(20)
    expect(series.read(70_000)).toEqual({ max: 2, min: 2, avg: 2 })
    series.read(130_000)
    expect(series.read(160_000)).toEqual({ max: 0, min: 0, avg: 0 })
  })

  it('shares time between states', () => {
    const shares = new Shares<'running' | 'paused'>('running', 0)
    shares.enter('paused', 30)
    expect(shares.share('running', 40)).toBe(0.75)
    expect(shares.share('paused', 40)).toBe(0.25)
  })
})

describe('renderMetrics', () => {
  it("shows Kafka Connect's metrics of every task, merged", async () => {
    const clock = clockAt()
    const source = new SourceTaskMetrics(clock)
    source.phase('running')
    const sink = new SinkTaskMetrics(clock)
    clock.time = 1000
    source.polled(5, 12)
    source.progress(4, 1)
    source.committed(7)
    source.transaction(4)
    source.commitFailed()
    sink.fetched(3)
    sink.written(2, 40)
    sink.partitions = 2
    const { text, contentType } = await renderMetrics([
      { labels: { connector: 'a', task: '0' }, values: source.values() },
      { labels: { connector: 'b', task: '1' }, values: sink.values() },
      { labels: {}, values: { 'connect-worker-metrics': { 'task-count': 2 } } },
      { labels: { connector: 'a', task: '0', status: 'running' }, values: { 'connector-task-metrics': { status: 1 } } },
    ])
    const lines = text.split('\n')
    expect(contentType).toContain('text/plain')
    for (const line of [
      'kafka_connect_source_task_metrics_source_record_poll_total{connector="a",task="0"} 5',
      'kafka_connect_source_task_metrics_source_record_write_total{connector="a",task="0"} 4',
      'kafka_connect_source_task_metrics_source_record_active_count{connector="a",task="0"} 1',
      'kafka_connect_source_task_metrics_transaction_size_max{connector="a",task="0"} 4',
      'kafka_connect_connector_task_metrics_offset_commit_failure_percentage{connector="a",task="0"} 0.5',
      'kafka_connect_connector_task_metrics_running_ratio{connector="a",task="0"} 1',
      'kafka_connect_sink_task_metrics_sink_record_read_total{connector="b",task="1"} 3',
      'kafka_connect_sink_task_metrics_sink_record_send_total{connector="b",task="1"} 2',
      'kafka_connect_sink_task_metrics_put_batch_max_time_ms{connector="b",task="1"} 40',
      'kafka_connect_sink_task_metrics_partition_count{connector="b",task="1"} 2',
      'kafka_connect_task_error_metrics_total_record_failures{connector="b",task="1"} 0',
      'kafka_connect_connect_worker_metrics_task_count 2',
      'kafka_connect_connector_task_metrics_status{connector="a",task="0",status="running"} 1',
      '# TYPE kafka_connect_source_task_metrics_source_record_poll_total counter',
    ])
      expect(lines).toContain(line)
    expect(lines.some(line => line.startsWith('process_resident_memory_bytes '))).toBe(true)
  })

  it('gives a metric every name that is asked for', async () => {
    const parts = [
      { labels: { connector: 'a' }, values: { 'connect-worker-metrics': { 'connector-failed-task-count': 1 } } },
    ]
    const lines = (await renderMetrics(parts, ['full', 'short'])).text.split('\n')
    expect(lines).toContain('kafka_connect_connect_worker_metrics_connector_failed_task_count{connector="a"} 1')
    expect(lines).toContain('kafka_connect_worker_connector_failed_task_count{connector="a"} 1')
  })

  it('shows what connectors measure', async () => {
    const part = (task: string, bytes: number) => ({
      labels: { connector: 'a', task },
      values: {},
      gauges: { slot_bytes: bytes },
    })
    const lines = (await renderMetrics([part('0', 7), part('1', 8)])).text.split('\n')
    expect(lines).toContain('millrace_connector_slot_bytes{connector="a",task="0"} 7')
    expect(lines).toContain('millrace_connector_slot_bytes{connector="a",task="1"} 8')
  })

  it('renders twice with the same answer for the same numbers', async () => {
    const parts = [{ labels: {}, values: { 'connect-worker-metrics': { 'task-count': 1 } } }]
    const kafka = (text: string) => text.split('\n').filter(line => line.includes('kafka_connect'))
    expect(kafka((await renderMetrics(parts)).text)).toEqual(kafka((await renderMetrics(parts)).text))
  })
})

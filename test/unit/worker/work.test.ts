import { describe, expect, it } from 'vitest'
import { taskClass, workFromProps, workToProps } from '../../../runtime/worker/work.ts'

describe('work items', () => {
  it('come back as they were', () => {
    const work = { file: 'a,b', count: '5', range: [1, 2], at: 5, nested: { x: null }, on: true, left: undefined }
    const props = workToProps(work)
    expect(props).toMatchObject({ file: 'a,b', count: '5', range: '[1,2]', at: '5', on: 'true' })
    expect(workFromProps({ name: 'c', ...props })).toEqual({
      file: 'a,b',
      count: '5',
      range: [1, 2],
      at: 5,
      nested: { x: null },
      on: true,
    })
  })

  it('are nothing when they are empty', () => {
    expect(workToProps({})).toEqual({})
    expect(workFromProps({ name: 'c' })).toEqual({})
  })

  it('must be JSON', () => {
    expect(() => workToProps({ run: () => {} })).toThrow("The work item's run")
  })

  it.each([
    ['org.apache.kafka.connect.file.FileStreamSinkConnector', 'org.apache.kafka.connect.file.FileStreamSinkTask'],
    ['io.confluent.connect.s3.S3SinkConnector', 'io.confluent.connect.s3.S3SinkTask'],
    ['io.debezium.connector.postgresql.PostgresConnector', 'io.debezium.connector.postgresql.PostgresConnectorTask'],
  ])('%s has tasks of %s', (connector, task) => expect(taskClass(connector)).toBe(task))
})

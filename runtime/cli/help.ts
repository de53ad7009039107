export const mainHelp = `Millrace runs Kafka Connect connectors on Node.js.

  millrace worker [FILE] [CONNECTOR ...]   run a worker
  millrace broker [--port N] [--data DIR]  run the embedded broker on its own
  millrace registry [--port N]             run the embedded schema registry on its own
  millrace demo [--rows N] [--keep]        watch rows travel from PostgreSQL through a topic to S3
  millrace help COMMAND                    what a command takes, with examples
  millrace --version`

export const workerHelp = `millrace worker [FILE] [CONNECTOR ...]

Runs a worker. FILE holds its properties, the same as Kafka Connect's; each CONNECTOR is a file with a
connector's configuration (JSON as you would post it, a JSON object of settings, or properties).

Settings can come from the environment as in Kafka Connect's images: CONNECT_BOOTSTRAP_SERVERS is
bootstrap.servers, CONNECT_KEY_CONVERTER is key.converter (_ is a dot, __ a dash, ___ an underscore); they win
over FILE. With all of them there, FILE may be left out.

The least that works, with its own broker on disk:

    bootstrap.servers=embedded:data/broker
    key.converter=org.apache.kafka.connect.json.JsonConverter
    value.converter=org.apache.kafka.connect.json.JsonConverter
    offset.storage.file.filename=data/offsets

    millrace worker worker.properties
    curl localhost:8083/connector-plugins
    curl -X PUT -H 'Content-Type: application/json' localhost:8083/connectors/lines/config -d '{
      "connector.class": "FileStreamSource", "file": "test.txt", "topic": "lines" }'

Past one machine, put the address of a Kafka cluster in bootstrap.servers; nothing else changes.
Your own connectors: .ts or .js files in the folders of plugin.path.

Ends with 0 after SIGTERM or SIGINT (tasks stop in order first); 1: wrong usage; 2: a setting that cannot work;
3: the start failed or a CONNECTOR file was refused.`

export const registryHelp = `millrace registry [--port N] [--host H] [--bootstrap-servers SERVERS] [--topic NAME]

Runs a schema registry with the REST API of Confluent's: Avro, JSON Schema and Protobuf, for converters and any
other client. No authentication, no TLS: loopback unless --host says otherwise.

  --port N                     port to listen on (default 8081; 0 takes a free one)
  --host H                     address to listen on (default 127.0.0.1)
  --bootstrap-servers SERVERS  keep schemas in a topic of this cluster; without it they are in memory only
  --topic NAME                 that topic (default _schemas), in the form of Confluent's registry

    millrace registry --bootstrap-servers localhost:9092
    curl localhost:8081/subjects

One registry may write to a topic at a time: none is elected. A worker hosts a registry itself with the property
schema.registry.listeners=http://127.0.0.1:8081`

export const brokerHelp = `millrace broker [--port N] [--host H] [--data DIR]

Runs the embedded broker on its own: it speaks Kafka's protocol, so kcat, Kafka's own tools and any client can
use it. For one machine: no replication, loopback unless --host says otherwise, no authentication.

  --port N    port to listen on (default 9092; 0 takes a free one)
  --host H    address to listen on (default 127.0.0.1). Another address opens it to whoever reaches it.
  --data DIR  folder of the topics (default ./data/broker); kept between runs

    millrace broker --data /tmp/topics &
    echo hello | kcat -b localhost:9092 -t greetings -P
    kcat -b localhost:9092 -t greetings -C -e

What is acknowledged survives kill -9 of the process. It survives a power cut only as far as the system had
written its cache; broker settings flush.messages and flush.interval.ms narrow that.`

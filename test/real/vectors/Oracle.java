import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.ConnectSchema;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.SchemaProjector;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Values;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * What Kafka Connect's own classes make of cases in the format of test/golden: a case as JSON per line of standard input, its result
 * per line of standard output; {"invalid": reason} where the case itself cannot be built.
 */
public final class Oracle {
    private static final ObjectMapper JSON = JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    /** The case cannot be built: it says nothing about anybody. */
    private static final class Invalid extends RuntimeException {
        Invalid(Exception cause) {
            super(cause);
        }
    }

    private interface Step<T> {
        T run() throws Exception;
    }

    private static final class Phased extends Exception {
        final String phase;

        Phased(String phase, Throwable cause) {
            super(cause);
            this.phase = phase;
        }
    }

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.US);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode result;
            try {
                result = play(JSON.readTree(line));
            } catch (Invalid invalid) {
                result = JSON.createObjectNode().put("invalid", String.valueOf(invalid.getCause()));
            } catch (Phased phased) {
                result = JSON.createObjectNode();
                result.set("error", error(phased.getCause()).put("phase", phased.phase));
            }
            out.println(JSON.writeValueAsString(result));
        }
    }

    private static ObjectNode error(Throwable thrown) {
        ObjectNode node = JSON.createObjectNode().put("class", thrown.getClass().getName()).put("message", thrown.getMessage());
        if (thrown.getCause() != null && thrown.getCause() != thrown) node.set("cause", error(thrown.getCause()));
        return node;
    }

    private static <T> T in(String phase, Step<T> step) throws Phased {
        try {
            return step.run();
        } catch (Invalid invalid) {
            throw invalid;
        } catch (Exception | StackOverflowError thrown) {
            throw new Phased(phase, thrown);
        }
    }

    private static <T> T built(Step<T> step) {
        try {
            return step.run();
        } catch (Exception thrown) {
            throw new Invalid(thrown);
        }
    }

    private static ObjectNode play(JsonNode one) throws Phased {
        switch (one.get("op").asText()) {
            case "transform":
                return transformed(one);
            case "predicate":
                return tested(one);
            case "fromConnect":
            case "toConnect":
                return converted(one);
            case "fromHeader":
            case "toHeader":
                return header(one);
            case "parseString":
                return schemaAndValue(in("apply", () -> Values.parseString(text(one.get("text")))));
            case "convertTo":
                return convertedTo(one);
            case "project": {
                Schema source = built(() -> schema(one.get("sourceSchema")));
                Schema target = built(() -> schema(one.get("targetSchema")));
                Object value = built(() -> value(one.get("value"), source));
                Object projected = in("apply", () -> SchemaProjector.project(source, value, target));
                return JSON.createObjectNode().set("value", json(projected, target));
            }
            default:
                throw new Invalid(new IllegalArgumentException(one.get("op").asText()));
        }
    }

    private static <T> T made(JsonNode one) {
        return built(() -> {
            @SuppressWarnings("unchecked")
            T plugin = (T) Class.forName(one.get("class").asText()).getDeclaredConstructor().newInstance();
            return plugin;
        });
    }

    private static Map<String, String> config(JsonNode node) {
        Map<String, String> config = new LinkedHashMap<>();
        node.fields().forEachRemaining(entry -> config.put(entry.getKey(), text(entry.getValue())));
        return config;
    }

    private static String text(JsonNode node) {
        return node == null || node.isNull() ? null : node.asText();
    }

    private static ObjectNode transformed(JsonNode one) throws Phased {
        Transformation<?> transform = made(one);
        ConnectRecord<?> record = built(() -> record(one.get("record")));
        in("configure", () -> {
            transform.configure(config(one.get("config")));
            return null;
        });
        ConnectRecord<?> result = in("apply", () -> {
            @SuppressWarnings({"unchecked", "rawtypes"})
            ConnectRecord<?> applied = (ConnectRecord<?>) ((Transformation) transform).apply((ConnectRecord) record);
            return applied;
        });
        if (result == null) return JSON.createObjectNode().put("dropped", true);
        return JSON.createObjectNode().set("record", json(result));
    }

    private static ObjectNode tested(JsonNode one) throws Phased {
        @SuppressWarnings("rawtypes")
        Predicate predicate = made(one);
        ConnectRecord<?> record = built(() -> record(one.get("record")));
        in("configure", () -> {
            predicate.configure(config(one.get("config")));
            return null;
        });
        @SuppressWarnings("unchecked")
        boolean test = in("apply", () -> predicate.test(record));
        return JSON.createObjectNode().put("test", test);
    }

    private static ObjectNode converted(JsonNode one) throws Phased {
        Converter converter = made(one);
        boolean writes = one.get("op").asText().equals("fromConnect");
        Schema schema = writes ? built(() -> schema(one.get("schema"))) : null;
        Object value = writes ? built(() -> value(one.get("value"), schema)) : null;
        in("configure", () -> {
            converter.configure(config(one.get("config")), one.get("isKey").asBoolean());
            return null;
        });
        String topic = text(one.get("topic"));
        if (writes) {
            byte[] bytes = in("apply", () -> converter.fromConnectData(topic, schema, value));
            return JSON.createObjectNode().set("bytes", bytes(bytes));
        }
        return schemaAndValue(in("apply", () -> converter.toConnectData(topic, bytesOf(one.get("bytes")))));
    }

    private static ObjectNode header(JsonNode one) throws Phased {
        HeaderConverter converter = made(one);
        boolean writes = one.get("op").asText().equals("fromHeader");
        Schema schema = writes ? built(() -> schema(one.get("schema"))) : null;
        Object value = writes ? built(() -> value(one.get("value"), schema)) : null;
        Map<String, Object> config = new HashMap<>(config(one.get("config")));
        config.put("converter.type", "header");
        in("configure", () -> {
            converter.configure(config);
            return null;
        });
        if (writes) {
            byte[] bytes = in("apply", () -> converter.fromConnectHeader("topic", "header", schema, value));
            return JSON.createObjectNode().set("bytes", bytes(bytes));
        }
        return schemaAndValue(in("apply", () -> converter.toConnectHeader("topic", "header", bytesOf(one.get("bytes")))));
    }

    private static ObjectNode convertedTo(JsonNode one) throws Phased {
        Schema schema = built(() -> schema(one.get("schema")));
        Object value = built(() -> value(one.get("value"), schema));
        Schema target = target(one.get("target").asText());
        Object converted = in("apply", () -> switch (one.get("target").asText()) {
            case "boolean" -> Values.convertToBoolean(schema, value);
            case "int8", "byte" -> Values.convertToByte(schema, value);
            case "int16", "short" -> Values.convertToShort(schema, value);
            case "int32", "int", "integer" -> Values.convertToInteger(schema, value);
            case "int64", "long" -> Values.convertToLong(schema, value);
            case "float32", "float" -> Values.convertToFloat(schema, value);
            case "float64", "double" -> Values.convertToDouble(schema, value);
            case "string" -> Values.convertToString(schema, value);
            case "array", "list" -> Values.convertToList(schema, value);
            case "map" -> Values.convertToMap(schema, value);
            case "struct" -> Values.convertToStruct(schema, value);
            case "date" -> Values.convertToDate(schema, value);
            case "time" -> Values.convertToTime(schema, value);
            case "timestamp" -> Values.convertToTimestamp(schema, value);
            case "decimal" -> Values.convertToDecimal(schema, value, one.get("scale").asInt());
            default -> throw new Invalid(new IllegalArgumentException(one.get("target").asText()));
        });
        return JSON.createObjectNode().set("value", json(converted, target));
    }

    private static Schema target(String name) {
        return name.equals("struct") ? null : Schema.OPTIONAL_STRING_SCHEMA;
    }

    private static ObjectNode schemaAndValue(SchemaAndValue made) {
        if (made == null) return JSON.createObjectNode().put("returnedNull", true);
        ObjectNode node = JSON.createObjectNode();
        node.set("schema", json(made.schema()));
        node.set("value", json(made.value(), made.schema()));
        return node;
    }

    // Schemas.

    private static Schema schema(JsonNode node) {
        if (node == null || node.isNull()) return null;
        Schema.Type type = Schema.Type.valueOf(node.get("type").asText().toUpperCase(Locale.ROOT));
        SchemaBuilder builder = switch (type) {
            case ARRAY -> SchemaBuilder.array(schema(node.get("valueSchema")));
            case MAP -> SchemaBuilder.map(schema(node.get("keySchema")), schema(node.get("valueSchema")));
            default -> new SchemaBuilder(type);
        };
        if (node.get("optional").asBoolean()) builder.optional();
        if (node.has("name")) builder.name(node.get("name").asText());
        if (node.has("version")) builder.version(node.get("version").asInt());
        if (node.has("doc")) builder.doc(node.get("doc").asText());
        if (node.has("parameters"))
            node.get("parameters").fields().forEachRemaining(entry -> builder.parameter(entry.getKey(), entry.getValue().asText()));
        if (node.has("fields"))
            for (JsonNode field : node.get("fields")) builder.field(field.get("name").asText(), schema(field.get("schema")));
        if (node.has("default") && !node.get("default").isNull())
            builder.defaultValue(value(node.get("default"), type == Schema.Type.STRUCT ? builder : builder.schema()));
        return builder.build();
    }

    private static JsonNode json(Schema schema) {
        if (schema == null) return JSON.nullNode();
        ObjectNode node = JSON.createObjectNode();
        node.put("type", schema.type().getName()).put("optional", schema.isOptional());
        if (schema.name() != null) node.put("name", schema.name());
        if (schema.version() != null) node.put("version", schema.version());
        if (schema.doc() != null) node.put("doc", schema.doc());
        if (schema.parameters() != null && !schema.parameters().isEmpty()) {
            ObjectNode parameters = node.putObject("parameters");
            schema.parameters().forEach(parameters::put);
        }
        if (schema.defaultValue() != null) node.set("default", json(schema.defaultValue(), schema));
        if (schema.type() == Schema.Type.STRUCT) {
            ArrayNode fields = node.putArray("fields");
            for (Field field : schema.fields()) fields.addObject().put("name", field.name()).set("schema", json(field.schema()));
        }
        if (schema.type() == Schema.Type.MAP) node.set("keySchema", json(schema.keySchema()));
        if (schema.type() == Schema.Type.MAP || schema.type() == Schema.Type.ARRAY) node.set("valueSchema", json(schema.valueSchema()));
        return node;
    }

    // Values.

    private static double number(JsonNode node) {
        return node.isTextual() ? Double.parseDouble(node.asText()) : node.asDouble();
    }

    private static Object value(JsonNode node, Schema schema) {
        if (node == null || node.isNull()) return null;
        if (node.isBoolean()) return node.asBoolean();
        if (node.isTextual()) return node.asText();
        Map.Entry<String, JsonNode> entry = node.fields().next();
        JsonNode content = entry.getValue();
        switch (entry.getKey()) {
            case "int8":
                return (byte) content.asInt();
            case "int16":
                return (short) content.asInt();
            case "int32":
                return content.asInt();
            case "int64":
                return Long.parseLong(content.asText());
            case "float32":
                return content.isTextual() ? Float.parseFloat(content.asText()) : (float) content.asDouble();
            case "float64":
                return number(content);
            case "bytes":
                return Base64.getDecoder().decode(content.asText());
            case "byteBuffer":
                return ByteBuffer.wrap(Base64.getDecoder().decode(content.asText()));
            case "decimal":
                return new BigDecimal(new BigInteger(content.get("unscaled").asText()), content.get("scale").asInt());
            case "bigint":
                return new BigInteger(content.asText());
            case "instant":
                return new Date(content.asLong());
            case "array":
            case "set": {
                Schema items = schema != null && schema.type() == Schema.Type.ARRAY ? schema.valueSchema() : null;
                Collection<Object> list = entry.getKey().equals("set") ? new LinkedHashSet<>() : new ArrayList<>();
                for (JsonNode item : content) list.add(value(item, items));
                return list;
            }
            case "map": {
                boolean isMap = schema != null && schema.type() == Schema.Type.MAP;
                Map<Object, Object> map = new LinkedHashMap<>();
                for (JsonNode pair : content)
                    map.put(
                        value(pair.get(0), isMap ? schema.keySchema() : null),
                        value(pair.get(1), isMap ? schema.valueSchema() : null));
                return map;
            }
            case "struct": {
                Schema own = node.has("schema") ? schema(node.get("schema")) : schema;
                Struct struct = new Struct(own);
                content.fields().forEachRemaining(member -> {
                    Field field = own.field(member.getKey());
                    Object made = value(member.getValue(), field.schema());
                    // What is null is left unset: some captured structs lack what they must have.
                    if (made != null) struct.put(field, made);
                });
                return struct;
            }
            default:
                throw new IllegalArgumentException(entry.getKey());
        }
    }

    private static JsonNode tagged(String tag, double value) {
        ObjectNode node = JSON.createObjectNode();
        if (Double.isNaN(value) || Double.isInfinite(value) || (value == 0 && 1 / value < 0)) return node.put(tag, String.valueOf(value));
        return node.put(tag, value);
    }

    private static JsonNode json(Object value, Schema schema) {
        ObjectNode node = JSON.createObjectNode();
        if (value == null) return JSON.nullNode();
        if (value instanceof Boolean flag) return JSON.getNodeFactory().booleanNode(flag);
        if (value instanceof String string) return JSON.getNodeFactory().textNode(string);
        if (value instanceof Byte number) return node.put("int8", number.intValue());
        if (value instanceof Short number) return node.put("int16", number.intValue());
        if (value instanceof Integer number) return node.put("int32", number);
        if (value instanceof Long number) return node.put("int64", number.toString());
        if (value instanceof Float number) return tagged("float32", Double.parseDouble(number.toString()));
        if (value instanceof Double number) return tagged("float64", number);
        if (value instanceof byte[] bytes) return node.put("bytes", Base64.getEncoder().encodeToString(bytes));
        if (value instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return node.put("byteBuffer", Base64.getEncoder().encodeToString(bytes));
        }
        if (value instanceof BigDecimal decimal) {
            node.putObject("decimal").put("unscaled", decimal.unscaledValue().toString()).put("scale", decimal.scale());
            return node;
        }
        if (value instanceof BigInteger number) return node.put("bigint", number.toString());
        if (value instanceof Date date) return node.put("instant", date.getTime());
        if (value instanceof Collection<?> items) {
            Schema own = schema != null && schema.type() == Schema.Type.ARRAY ? schema.valueSchema() : null;
            ArrayNode array = node.putArray("array");
            for (Object item : items) array.add(json(item, own));
            return node;
        }
        if (value instanceof Map<?, ?> map) {
            boolean isMap = schema != null && schema.type() == Schema.Type.MAP;
            ArrayNode pairs = node.putArray("map");
            map.forEach((key, member) -> pairs.addArray()
                .add(json(key, isMap ? schema.keySchema() : null))
                .add(json(member, isMap ? schema.valueSchema() : null)));
            if (value.getClass() == HashMap.class && map.size() > 1) node.put("unordered", true);
            return node;
        }
        if (value instanceof Struct struct) {
            ObjectNode members = node.putObject("struct");
            for (Field field : struct.schema().fields())
                members.set(field.name(), json(struct.getWithoutDefault(field.name()), field.schema()));
            return node;
        }
        throw new IllegalArgumentException("a value of " + value.getClass());
    }

    // Bytes and records.

    private static byte[] bytesOf(JsonNode node) {
        if (node == null || node.isNull()) return null;
        if (node.has("utf8")) return node.get("utf8").asText().getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().parseHex(node.get("hex").asText());
    }

    private static JsonNode bytes(byte[] bytes) {
        if (bytes == null) return JSON.nullNode();
        ObjectNode node = JSON.createObjectNode();
        try {
            return node.put("utf8", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException noText) {
            return node.put("hex", HexFormat.of().formatHex(bytes));
        }
    }

    private static ConnectRecord<?> record(JsonNode node) {
        Schema keySchema = schema(node.get("keySchema"));
        Schema valueSchema = schema(node.get("valueSchema"));
        Object key = value(node.get("key"), keySchema);
        Object value = value(node.get("value"), valueSchema);
        ConnectHeaders headers = new ConnectHeaders();
        for (JsonNode header : node.get("headers")) {
            Schema own = schema(header.get("schema"));
            headers.add(header.get("name").asText(), new SchemaAndValue(own, value(header.get("value"), own)));
        }
        Integer partition = node.get("partition").isNull() ? null : node.get("partition").asInt();
        Long timestamp = node.get("timestamp").isNull() ? null : node.get("timestamp").asLong();
        String topic = text(node.get("topic"));
        if (node.get("kind").asText().equals("sink"))
            return new SinkRecord(
                topic, partition == null ? 0 : partition, keySchema, key, valueSchema, value, node.get("offset").asLong(), timestamp,
                timestamp == null ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME, headers);
        return new SourceRecord(
            map(node.get("sourcePartition")), map(node.get("sourceOffset")), topic, partition, keySchema, key, valueSchema, value,
            timestamp, headers);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, ?> map(JsonNode node) {
        return (Map<String, ?>) value(node, null);
    }

    private static JsonNode json(ConnectRecord<?> record) {
        ObjectNode node = JSON.createObjectNode();
        node.put("kind", record instanceof SinkRecord ? "sink" : "source").put("topic", record.topic());
        node.put("partition", record.kafkaPartition());
        if (record instanceof SinkRecord sink) node.put("offset", sink.kafkaOffset());
        node.put("timestamp", record.timestamp());
        node.set("keySchema", json(record.keySchema()));
        node.set("key", json(record.key(), record.keySchema()));
        node.set("valueSchema", json(record.valueSchema()));
        node.set("value", json(record.value(), record.valueSchema()));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            ObjectNode one = headers.addObject().put("name", header.key());
            one.set("schema", json(header.schema()));
            one.set("value", json(header.value(), header.schema()));
        }
        if (record instanceof SourceRecord source) {
            node.set("sourcePartition", json(source.sourcePartition(), null));
            node.set("sourceOffset", json(source.sourceOffset(), null));
        }
        return node;
    }
}

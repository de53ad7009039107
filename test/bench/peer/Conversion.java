import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.transforms.Transformation;

/** Runs one case, read as JSON from standard input, and prints a line of JSON; see conversion.bench.ts for its members. */
public final class Conversion {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Where results go, so that the compiler cannot leave the work out. */
    private static volatile Object consumed;

    private interface Batch {
        void run();
    }

    public static void main(String[] args) throws Exception {
        JsonNode spec = JSON.readTree(System.in);
        Batch batch = spec.get("kind").asText().equals("transforms") ? transforms(spec) : conversion(spec);
        long warmUp = System.nanoTime() + spec.get("warmUpMs").asLong() * 1_000_000;
        while (System.nanoTime() < warmUp) batch.run();
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long records = 0;
        long cpu = system.getProcessCpuTime();
        long start = System.nanoTime();
        long end = start + spec.get("ms").asLong() * 1_000_000;
        while (System.nanoTime() < end) {
            batch.run();
            records += spec.get("records").size();
        }
        long wall = System.nanoTime() - start;
        cpu = system.getProcessCpuTime() - cpu;
        System.out.println(JSON.writeValueAsString(
            Map.of("records", records, "cpuSeconds", cpu / 1e9, "wallSeconds", wall / 1e9)));
    }

    private static Map<String, String> config(JsonNode node) {
        Map<String, String> config = new HashMap<>();
        node.fields().forEachRemaining(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        return config;
    }

    /** A value with its schema, out of the envelope that both sides read. */
    private static SchemaAndValue read(JsonConverter envelopes, JsonNode text) throws Exception {
        return envelopes.toConnectData("topic", text.asText().getBytes("UTF-8"));
    }

    private static JsonConverter envelopes() {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "true"), false);
        return converter;
    }

    private static Batch conversion(JsonNode spec) throws Exception {
        Converter converter = (Converter) Class.forName(spec.get("class").asText()).getDeclaredConstructor().newInstance();
        converter.configure(config(spec.get("config")), false);
        JsonConverter envelopes = envelopes();
        List<SchemaAndValue> values = new ArrayList<>();
        List<byte[]> bytes = new ArrayList<>();
        for (JsonNode record : spec.get("records")) {
            SchemaAndValue value = read(envelopes, record.get("value"));
            values.add(value);
            bytes.add(converter.fromConnectData("topic", value.schema(), value.value()));
        }
        if (spec.get("kind").asText().equals("encode"))
            return () -> {
                for (SchemaAndValue value : values)
                    consumed = converter.fromConnectData("topic", value.schema(), value.value());
            };
        return () -> {
            for (byte[] each : bytes) consumed = converter.toConnectData("topic", each);
        };
    }

    @SuppressWarnings("unchecked")
    private static Batch transforms(JsonNode spec) throws Exception {
        List<Transformation<SourceRecord>> chain = new ArrayList<>();
        for (JsonNode step : spec.get("steps")) {
            var made = (Transformation<SourceRecord>)
                Class.forName(step.get("class").asText()).getDeclaredConstructor().newInstance();
            made.configure(config(step.get("config")));
            chain.add(made);
        }
        JsonConverter envelopes = envelopes();
        List<SourceRecord> records = new ArrayList<>();
        for (JsonNode record : spec.get("records")) {
            SchemaAndValue key = read(envelopes, record.get("key"));
            SchemaAndValue value = read(envelopes, record.get("value"));
            JsonNode time = record.get("timestamp");
            ConnectHeaders headers = new ConnectHeaders();
            for (JsonNode header : record.get("headers"))
                headers.add(header.get("key").asText(), read(envelopes, header.get("value")));
            records.add(new SourceRecord(
                Map.of(), Map.of(), record.get("topic").asText(), 0, key.schema(), key.value(), value.schema(),
                value.value(), time.isNull() ? null : time.asLong(), headers));
        }
        return () -> {
            for (SourceRecord record : records) {
                SourceRecord now = record;
                for (Transformation<SourceRecord> step : chain) {
                    now = step.apply(now);
                    if (now == null) break;
                }
                consumed = now;
            }
        };
    }
}

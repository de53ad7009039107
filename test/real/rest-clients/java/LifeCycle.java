import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorStatus;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;
import org.sourcelab.kafka.connect.apiclient.rest.exceptions.InvalidRequestException;
import org.sourcelab.kafka.connect.apiclient.rest.exceptions.UnauthorizedRequestException;

/** The Java client kafka-connect-client through a connector's life: `java -cp LIBS LifeCycle.java ASSIGNMENT`. */
public final class LifeCycle {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final KafkaConnectClient client;
  private final String connector;

  private LifeCycle(KafkaConnectClient client, String connector) {
    this.client = client;
    this.connector = connector;
  }

  private static void say(String step, Object got) throws Exception {
    System.out.println(JSON.writeValueAsString(Map.of("step", step, "got", got)));
  }

  private static Map<String, Object> refusal(Supplier<?> call) {
    try {
      call.get();
    } catch (InvalidRequestException refused) {
      return Map.of("status", refused.getErrorCode(), "message", refused.getMessage());
    }
    throw new IllegalStateException("The worker should have refused");
  }

  /** The answer once it is the wanted one; after 30 s whatever it is then. */
  private static Object until(Object wanted, Supplier<Object> ask) throws InterruptedException {
    long end = System.nanoTime() + 30_000_000_000L;
    for (;;) {
      Object seen;
      try {
        seen = ask.get();
      } catch (InvalidRequestException refused) {
        seen = refused.getMessage();
      }
      if (seen.equals(wanted) || System.nanoTime() > end) return seen;
      Thread.sleep(100);
    }
  }

  private static Map<String, Object> states(String connector, List<String> tasks) {
    return Map.of("connector", connector, "tasks", tasks);
  }

  private static Map<String, Object> statesOf(ConnectorStatus status) {
    return states(
        status.getConnector().get("state"),
        status.getTasks().stream().map(ConnectorStatus.TaskStatus::getState).toList());
  }

  private static Map<String, Object> failureOf(ConnectorStatus status) {
    final Map<String, Object> failure = new HashMap<>(statesOf(status));
    failure.put("traced", status.getTasks().stream().map(it -> ("" + it.getTrace()).contains("ByteArrayConverter")).toList());
    return failure;
  }

  private static NewConnectorDefinition definition(String name, Map<String, String> config) {
    return NewConnectorDefinition.newBuilder().withName(name).withConfig(config).build();
  }

  private void sayStates(String step, String state, List<String> tasks) throws Exception {
    say(step, until(states(state, tasks), () -> statesOf(client.getConnectorStatus(connector))));
  }

  private void sayStates(String step, String state) throws Exception {
    sayStates(step, state, List.of(state));
  }

  private void live(Map<String, String> config, Map<String, String> changed, Map<String, String> failing) throws Exception {
    final String type = config.get("connector.class");
    final Map<String, String> invalid = new HashMap<>(config);
    invalid.remove("topic");

    say("server", client.getConnectServerVersion().getVersion());
    for (var plugin : client.getConnectorPlugins())
      if (plugin.getClassName().equals(type))
        say("plugin", Map.of("class", type, "type", plugin.getType(), "version", plugin.getVersion()));
    // A plugin is named by its class or by its short name: this client's own way is the short one.
    final var validated =
        client.validateConnectorPluginConfig(
            ConnectorPluginConfigDefinition.newBuilder()
                .withName(type.substring(type.lastIndexOf('.') + 1))
                .withConfig(invalid)
                .build());
    for (var one : validated.getConfigs())
      if (one.getValue().getName().equals("topic"))
        say("validated", Map.of("errors", validated.getErrorCount(), "topic", one.getValue().getErrors()));
    say("missing", refusal(() -> client.getConnector(connector)));
    say("invalid", refusal(() -> client.addConnector(definition(connector, invalid))));
    final ConnectorDefinition created = client.addConnector(definition(connector, config));
    say("created", Map.of("name", created.getName(), "type", created.getType(), "config", created.getConfig()));
    say("duplicate", refusal(() -> client.addConnector(definition(connector, config))));
    sayStates("running", "RUNNING");
    say("listed", client.getConnectors());
    final var all = client.getConnectorsWithAllExpandedMetadata();
    final Map<String, Object> expanded = new HashMap<>(statesOf(all.getStatusForConnector(connector)));
    expanded.put("type", all.getDefinitionForConnector(connector).getType());
    expanded.put("config", all.getDefinitionForConnector(connector).getConfig());
    say("expanded", expanded);
    final ConnectorDefinition info = client.getConnector(connector);
    say("info", Map.of(
        "name", info.getName(), "type", info.getType(), "config", info.getConfig(),
        "tasks", info.getTasks().stream().map(it -> Map.of("connector", it.getConnector(), "task", it.getTask())).toList()));
    say("config", client.getConnectorConfig(connector));
    final var task = client.getConnectorTasks(connector).iterator().next();
    say("task", Map.of(
        "connector", task.getId().getConnector(), "task", task.getId().getTask(), "config", task.getConfig()));
    final var status = client.getConnectorTaskStatus(connector, 0);
    say("task status", Map.of("id", status.getId(), "state", status.getState()));
    say("topics", until(List.of(config.get("topic")), () -> client.getConnectorTopics(connector).getTopics()));
    client.resetConnectorTopics(connector);
    say("topics reset", until(List.of(), () -> client.getConnectorTopics(connector).getTopics()));
    client.pauseConnector(connector);
    sayStates("paused", "PAUSED");
    client.resumeConnector(connector);
    sayStates("resumed", "RUNNING");
    client.restartConnector(connector);
    sayStates("restarted", "RUNNING");
    client.restartConnector(new PostConnectorRestart(connector).withIncludeTasks(true));
    sayStates("restarted with tasks", "RUNNING");
    client.restartConnectorTask(connector, 0);
    sayStates("restarted task", "RUNNING");
    client.stopConnector(connector);
    sayStates("stopped", "STOPPED", List.of());
    say("changed", client.updateConnectorConfig(connector, changed).getConfig());
    client.updateConnectorConfig(connector, failing);
    client.resumeConnector(connector);
    final Map<String, Object> failed = Map.of("connector", "RUNNING", "tasks", List.of("FAILED"), "traced", List.of(true));
    say("failed", until(failed, () -> failureOf(client.getConnectorStatus(connector))));
    client.deleteConnector(connector);
    say("deleted", client.getConnectors());
    say("gone", refusal(() -> client.getConnectorConfig(connector)));
  }

  public static void main(String[] args) throws Exception {
    final var told = JSON.readTree(args[0]);
    final var properties = new TypeReference<Map<String, String>>() {};
    final String url = told.get("url").asText();
    final Configuration known = new Configuration(url);
    if (!told.get("user").asText().isEmpty()) {
      known.useBasicAuth(told.get("user").asText(), told.get("password").asText());
      try {
        new KafkaConnectClient(new Configuration(url)).getConnectors();
      } catch (UnauthorizedRequestException refused) {
        say("unauthorized", refused.getErrorCode());
      }
    }
    new LifeCycle(new KafkaConnectClient(known), told.get("connector").asText())
        .live(
            JSON.convertValue(told.get("config"), properties),
            JSON.convertValue(told.get("changed"), properties),
            JSON.convertValue(told.get("failing"), properties));
  }
}

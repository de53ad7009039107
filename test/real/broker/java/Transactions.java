import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Transactions as a Java program uses them: `java -cp LIBS Transactions.java BOOTSTRAP`. Says `ok` and what it saw. */
public final class Transactions {
  private static final String STRING = "org.apache.kafka.common.serialization.String";
  private static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    var source = new TopicPartition("java-in", 0);
    var first = producer("java-id");
    first.initTransactions();
    for (int i = 0; i < 10; i++) {
      first.beginTransaction();
      for (int partition = 0; partition < 2; partition++) {
        for (int n = 0; n < 5; n++) first.send(new ProducerRecord<>("java-out", partition, null, i + "." + n));
      }
      first.sendOffsetsToTransaction(
          Map.of(source, new OffsetAndMetadata(i)), new ConsumerGroupMetadata("java-group"));
      if (i % 2 == 0) first.commitTransaction();
      else first.abortTransaction();
    }
    first.beginTransaction();
    first.send(new ProducerRecord<>("java-out", 0, null, "open")).get();

    var second = producer("java-id");
    second.initTransactions();
    check(fenced(first::commitTransaction), "the first producer is fenced by the second");
    second.beginTransaction();
    second.send(new ProducerRecord<>("java-out", 0, null, "second"));
    second.commitTransaction();

    second.beginTransaction();
    second.send(new ProducerRecord<>("java-out", 0, null, "never")).get();
    try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.fenceProducers(List.of("java-id")).all().get();
      check(fenced(second::commitTransaction), "the second producer is fenced by the admin");
      var committed =
          admin.listConsumerGroupOffsets("java-group").partitionsToOffsetAndMetadata().get().get(source);
      check(committed.offset() == 8, "the offset of the last commit is there, not " + committed);
    }
    var values = read();
    check(values.size() == 51, "51 records are committed, not " + values.size());
    check(values.contains("second") && !values.contains("open") && !values.contains("never"), "the right ones");
    check(values.stream().noneMatch(v -> v.matches("[13579]\\..")), "none of an aborted transaction");
    System.out.println("ok");
    System.exit(0);
  }

  private static KafkaProducer<String, String> producer(String id) {
    var settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("key.serializer", STRING + "Serializer");
    settings.put("value.serializer", STRING + "Serializer");
    settings.put("transactional.id", id);
    return new KafkaProducer<>(settings);
  }

  private static List<String> read() {
    var settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("key.deserializer", STRING + "Deserializer");
    settings.put("value.deserializer", STRING + "Deserializer");
    settings.put("isolation.level", "read_committed");
    settings.put("auto.offset.reset", "earliest");
    var values = new ArrayList<String>();
    try (var consumer = new KafkaConsumer<String, String>(settings)) {
      var partitions = List.of(new TopicPartition("java-out", 0), new TopicPartition("java-out", 1));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      var deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        if (System.nanoTime() > deadline) throw new IllegalStateException("the end " + ends + " is not reached");
        consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
      }
    }
    return values;
  }

  private static boolean fenced(Runnable attempt) {
    try {
      attempt.run();
      return false;
    } catch (ProducerFencedException | InvalidProducerEpochException expected) {
      return true;
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException("not so: " + what);
  }
}

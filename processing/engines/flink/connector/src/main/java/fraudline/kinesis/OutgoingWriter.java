package fraudline.kinesis;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.connector.base.sink.writer.AsyncSinkWriter;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.connector.base.sink.writer.ResultHandler;
import org.apache.flink.connector.base.sink.writer.config.AsyncSinkWriterConfiguration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequest;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;

/**
 * Sends records with PutRecords, retrying those that were not taken.
 *
 * <p>The metric {@code records.STREAM} counts what was sent to each stream: the late stream's and the
 * dead letters' counters of the job.
 */
final class OutgoingWriter extends AsyncSinkWriter<byte[], Outgoing> {
    private static final Logger LOG = LoggerFactory.getLogger(OutgoingWriter.class);

    private final KinesisClient client;
    private final MetricGroup metrics;
    private final Map<String, Counter> sent = new LinkedHashMap<>();
    // One thread sends: records of one key arrive in the order in which they were written.
    private final ExecutorService sender = Executors.newSingleThreadExecutor();

    OutgoingWriter(
            KinesisClient client,
            WriterInitContext context,
            AsyncSinkWriterConfiguration limits,
            Collection<BufferedRequestState<Outgoing>> unsent) {
        super(OutgoingWriter::parse, context, limits, unsent);
        this.client = client;
        this.metrics = context.metricGroup().addGroup("records");
    }

    /** Writes a bundle: records as {@link Outgoing}, each with its size (int32) before it. */
    @Override
    public void write(byte[] bundle, Context context) throws IOException, InterruptedException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bundle));
        while (in.available() > 0) {
            byte[] record = new byte[in.readInt()];
            in.readFully(record);
            super.write(record, context);
        }
    }

    private static Outgoing parse(byte[] record, Context context) {
        try {
            return Outgoing.read(new DataInputStream(new ByteArrayInputStream(record)));
        } catch (IOException error) {
            throw new IllegalArgumentException("not an outgoing record", error);
        }
    }

    @Override
    protected void submitRequestEntries(List<Outgoing> records, ResultHandler<Outgoing> result) {
        sender.execute(
                () -> {
                    try {
                        List<Outgoing> refused = put(records);
                        if (refused.isEmpty()) {
                            result.complete();
                        } else {
                            result.retryForEntries(refused);
                        }
                    } catch (ResourceNotFoundException missing) {
                        result.completeExceptionally(missing);
                    } catch (SdkException failure) {
                        LOG.warn("{} records could not be sent, trying again", records.size(), failure);
                        result.retryForEntries(records);
                    } catch (RuntimeException failure) {
                        result.completeExceptionally(failure);
                    }
                });
    }

    private List<Outgoing> put(List<Outgoing> records) {
        Map<String, List<Outgoing>> byStream = new LinkedHashMap<>();
        for (Outgoing record : records) {
            byStream.computeIfAbsent(record.stream(), name -> new ArrayList<>()).add(record);
        }
        List<Outgoing> refused = new ArrayList<>();
        byStream.forEach((stream, group) -> refused.addAll(put(stream, group)));
        return refused;
    }

    private List<Outgoing> put(String stream, List<Outgoing> records) {
        List<PutRecordsRequestEntry> entries = new ArrayList<>(records.size());
        for (Outgoing record : records) {
            entries.add(
                    PutRecordsRequestEntry.builder()
                            .partitionKey(record.key())
                            .data(SdkBytes.fromByteArrayUnsafe(record.data()))
                            .build());
        }
        PutRecordsResponse response =
                client.putRecords(PutRecordsRequest.builder().streamName(stream).records(entries).build());
        List<Outgoing> refused = new ArrayList<>();
        for (int i = 0; i < records.size(); i++) {
            if (response.records().get(i).errorCode() != null) {
                refused.add(records.get(i));
            }
        }
        sent.computeIfAbsent(stream, metrics::counter).inc(records.size() - refused.size());
        return refused;
    }

    @Override
    protected long getSizeInBytes(Outgoing record) {
        return record.size();
    }

    @Override
    public void close() {
        sender.shutdownNow();
        client.close();
        super.close();
    }
}

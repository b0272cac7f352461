package fraudline.kinesis;

import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.connector.base.sink.writer.BufferedRequestState;
import org.apache.flink.connector.base.sink.writer.config.AsyncSinkWriterConfiguration;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Writes bundles of records (see {@link OutgoingWriter}) to the streams that they name, at least once:
 * after a failure, what was written since the last checkpoint is written again.
 */
public final class KinesisBundleSink
        implements Sink<byte[]>, SupportsWriterState<byte[], BufferedRequestState<Outgoing>> {
    private static final long serialVersionUID = 1L;

    private final KinesisOptions options;

    public KinesisBundleSink(KinesisOptions options) {
        this.options = options;
    }

    @Override
    public SinkWriter<byte[]> createWriter(WriterInitContext context) {
        return restoreWriter(context, List.of());
    }

    @Override
    public StatefulSinkWriter<byte[], BufferedRequestState<Outgoing>> restoreWriter(
            WriterInitContext context, Collection<BufferedRequestState<Outgoing>> unsent) {
        AsyncSinkWriterConfiguration limits =
                AsyncSinkWriterConfiguration.builder()
                        .setMaxBatchSize(500)
                        .setMaxBatchSizeInBytes(5 << 20)
                        .setMaxInFlightRequests(1)
                        .setMaxBufferedRequests(20_000)
                        .setMaxTimeInBufferMS(100)
                        .setMaxRecordSizeInBytes(1 << 20)
                        .build();
        return new OutgoingWriter(options.client(), context, limits, unsent);
    }

    @Override
    public SimpleVersionedSerializer<BufferedRequestState<Outgoing>> getWriterStateSerializer() {
        return new OutgoingSerializer();
    }
}

package fraudline.kinesis;

import java.util.List;
import java.util.Set;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Reads a stream from its oldest record on, in chunks (see {@link Chunk}); each shard in its order,
 * a parent before its children, exactly once per checkpointed state.
 */
public final class KinesisChunkSource implements Source<byte[], ShardSplit, EnumeratorState> {
    private static final long serialVersionUID = 1L;

    private final KinesisOptions options;
    private final String stream;

    public KinesisChunkSource(KinesisOptions options, String stream) {
        this.options = options;
        this.stream = stream;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<byte[], ShardSplit> createReader(SourceReaderContext context) {
        return new ChunkReader(options, stream, context);
    }

    @Override
    public SplitEnumerator<ShardSplit, EnumeratorState> createEnumerator(
            SplitEnumeratorContext<ShardSplit> context) {
        return restoreEnumerator(context, new EnumeratorState(Set.of(), Set.of(), List.of()));
    }

    @Override
    public SplitEnumerator<ShardSplit, EnumeratorState> restoreEnumerator(
            SplitEnumeratorContext<ShardSplit> context, EnumeratorState state) {
        return new ShardEnumerator(context, options.client(), stream, state);
    }

    @Override
    public SimpleVersionedSerializer<ShardSplit> getSplitSerializer() {
        return new ShardSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<EnumeratorState> getEnumeratorCheckpointSerializer() {
        return new EnumeratorStateSerializer();
    }
}

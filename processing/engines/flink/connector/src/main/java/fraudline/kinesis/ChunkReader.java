package fraudline.kinesis;

import java.util.Map;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;

/** Emits chunks and keeps, per shard, how far they got: what a checkpoint holds. */
final class ChunkReader
        extends SingleThreadMultiplexSourceReaderBase<Chunk, byte[], ShardSplit, ShardSplit[]> {

    ChunkReader(KinesisOptions options, String stream, SourceReaderContext context) {
        super(
                () -> new ShardReader(options.client(), stream),
                (chunk, output, state) -> {
                    ShardSplit before = state[0];
                    String after = chunk.last() == null ? before.after() : chunk.last();
                    if (chunk.bytes() != null) {
                        output.collect(chunk.bytes());
                    }
                    state[0] = new ShardSplit(before.shard(), after, chunk.ended());
                    announce(state[0], context);
                },
                context.getConfiguration(),
                context);
    }

    private static void announce(ShardSplit split, SourceReaderContext context) {
        if (split.ended()) {
            context.sendSourceEventToCoordinator(new ShardEnded(split.shard()));
        }
    }

    @Override
    protected ShardSplit[] initializedState(ShardSplit split) {
        announce(split, context);
        return new ShardSplit[] {split};
    }

    @Override
    protected ShardSplit toSplitType(String shard, ShardSplit[] state) {
        return state[0];
    }

    @Override
    protected void onSplitFinished(Map<String, ShardSplit[]> finished) {
        // Ended shards stay: see ShardSplit.
    }
}

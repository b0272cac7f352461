package fraudline.kinesis;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** Polls the shards of one reader in turn, on one thread. */
final class ShardReader implements SplitReader<Chunk, ShardSplit> {
    private final KinesisClient client;
    private final String stream;
    private final Map<String, ShardCursor> cursors = new LinkedHashMap<>();
    private final Semaphore wake = new Semaphore(0);

    ShardReader(KinesisClient client, String stream) {
        this.client = client;
        this.stream = stream;
    }

    @Override
    public RecordsWithSplitIds<Chunk> fetch() {
        RecordsBySplits.Builder<Chunk> found = new RecordsBySplits.Builder<>();
        if (pause()) {
            return found.build();
        }
        long now = System.currentTimeMillis();
        for (Map.Entry<String, ShardCursor> entry : cursors.entrySet()) {
            if (entry.getValue().dueAt() <= now) {
                Chunk chunk = entry.getValue().read();
                if (chunk != null) {
                    found.addAll(entry.getKey(), Collections.singletonList(chunk));
                }
            }
        }
        return found.build();
    }

    /** Wait until a shard may be read; true when `wakeUp` came first. */
    private boolean pause() {
        long due = cursors.values().stream().mapToLong(ShardCursor::dueAt).min().orElse(Long.MAX_VALUE);
        long wait = Math.min(due - System.currentTimeMillis(), 1_000);
        try {
            boolean woken = wait > 0 && wake.tryAcquire(wait, TimeUnit.MILLISECONDS);
            wake.drainPermits();
            return woken;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void handleSplitsChanges(SplitsChange<ShardSplit> change) {
        for (ShardSplit split : change.splits()) {
            cursors.put(split.shard(), new ShardCursor(client, stream, split));
        }
    }

    @Override
    public void wakeUp() {
        wake.release();
    }

    @Override
    public void close() {
        client.close();
    }
}

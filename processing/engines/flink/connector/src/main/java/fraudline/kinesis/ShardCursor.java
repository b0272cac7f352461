package fraudline.kinesis;

import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException;
import software.amazon.awssdk.services.kinesis.model.GetRecordsRequest;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Reads one shard by polling. */
final class ShardCursor {
    // Five reads a second are what a shard allows, all its readers together.
    private static final long PAUSE_MS = 250;
    private static final long THROTTLED_MS = 1_000;
    private static final int MOST_RECORDS = 2_000;

    private final KinesisClient client;
    private final String stream;
    private final String shard;
    private String after;
    private String iterator;
    private long dueAt;
    private boolean ended;

    ShardCursor(KinesisClient client, String stream, ShardSplit split) {
        this.client = client;
        this.stream = stream;
        this.shard = split.shard();
        this.after = split.after();
        this.ended = split.ended();
    }

    /** When the next read may happen (milliseconds of the system clock); never for an ended shard. */
    long dueAt() {
        return ended ? Long.MAX_VALUE : dueAt;
    }

    /** What follows; null when nothing does. */
    Chunk read() {
        dueAt = System.currentTimeMillis() + PAUSE_MS;
        try {
            if (iterator == null) {
                iterator = start();
            }
            GetRecordsRequest request =
                    GetRecordsRequest.builder().shardIterator(iterator).limit(MOST_RECORDS).build();
            GetRecordsResponse response = client.getRecords(request);
            iterator = response.nextShardIterator();
            ended = iterator == null;
            if (response.records().isEmpty() && !ended) {
                return null;
            }
            if (response.millisBehindLatest() != null && response.millisBehindLatest() > 0) {
                dueAt = 0; // a backlog is read as fast as Kinesis lets us
            }
            Chunk chunk = Chunk.of(shard, response.records(), ended);
            after = chunk.last() == null ? after : chunk.last();
            return chunk;
        } catch (ExpiredIteratorException expired) {
            iterator = null;
            return null;
        } catch (ProvisionedThroughputExceededException | LimitExceededException throttled) {
            dueAt = System.currentTimeMillis() + THROTTLED_MS;
            return null;
        }
    }

    private String start() {
        GetShardIteratorRequest.Builder request =
                GetShardIteratorRequest.builder().streamName(stream).shardId(shard);
        if (after == null) {
            request.shardIteratorType(ShardIteratorType.TRIM_HORIZON);
        } else {
            request.shardIteratorType(ShardIteratorType.AFTER_SEQUENCE_NUMBER)
                    .startingSequenceNumber(after);
        }
        return client.getShardIterator(request.build()).shardIterator();
    }
}

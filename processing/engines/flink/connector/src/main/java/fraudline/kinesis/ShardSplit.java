package fraudline.kinesis;

import org.apache.flink.api.connector.source.SourceSplit;

/**
 * A shard and how far it has been read.
 *
 * @param shard the shard's id.
 * @param after sequence number of the last record read; null before the first.
 * @param ended the shard was split or merged and has been read to its end. It stays in the state, so
 *     that the enumerator learns of it again after a restart.
 */
public record ShardSplit(String shard, String after, boolean ended) implements SourceSplit {
    @Override
    public String splitId() {
        return shard;
    }
}

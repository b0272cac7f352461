package fraudline.kinesis;

import org.apache.flink.api.connector.source.SourceEvent;

/** Tells the enumerator that a closed shard was read to its end. */
record ShardEnded(String shard) implements SourceEvent {}

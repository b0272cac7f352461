package fraudline.kinesis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ListShardsRequest;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** Finds shards and gives them to readers; a child only after its parents were read to their end. */
final class ShardEnumerator implements SplitEnumerator<ShardSplit, EnumeratorState> {
    private static final Logger LOG = LoggerFactory.getLogger(ShardEnumerator.class);
    private static final long DISCOVERY_MS = 10_000;

    private final SplitEnumeratorContext<ShardSplit> context;
    private final KinesisClient client;
    private final String stream;
    private final Set<String> assigned;
    private final Set<String> ended;
    private final Map<String, ShardSplit> waiting = new LinkedHashMap<>();
    private List<Shard> listed = List.of();

    ShardEnumerator(
            SplitEnumeratorContext<ShardSplit> context,
            KinesisClient client,
            String stream,
            EnumeratorState state) {
        this.context = context;
        this.client = client;
        this.stream = stream;
        this.assigned = new LinkedHashSet<>(state.assigned());
        this.ended = new LinkedHashSet<>(state.ended());
        state.waiting().forEach(split -> waiting.put(split.shard(), split));
    }

    @Override
    public void start() {
        context.callAsync(this::list, this::discovered, 0, DISCOVERY_MS);
    }

    private List<Shard> list() {
        List<Shard> shards = new ArrayList<>();
        ListShardsRequest request = ListShardsRequest.builder().streamName(stream).build();
        while (true) {
            ListShardsResponse page = client.listShards(request);
            shards.addAll(page.shards());
            if (page.nextToken() == null) {
                return shards;
            }
            request = ListShardsRequest.builder().nextToken(page.nextToken()).build();
        }
    }

    private void discovered(List<Shard> shards, Throwable failure) {
        if (failure != null) {
            LOG.warn("the shards of {} could not be listed, trying again", stream, failure);
            return;
        }
        listed = shards;
        offer();
    }

    /** Queue every shard whose turn has come, and hand out what readers are there for. */
    private void offer() {
        Set<String> present = new LinkedHashSet<>();
        listed.forEach(shard -> present.add(shard.shardId()));
        for (Shard shard : listed) {
            if (read(shard.parentShardId(), present)
                    && read(shard.adjacentParentShardId(), present)
                    && assigned.add(shard.shardId())) {
                waiting.put(shard.shardId(), new ShardSplit(shard.shardId(), null, false));
            }
        }
        for (ShardSplit split : List.copyOf(waiting.values())) {
            int reader = Math.floorMod(split.shard().hashCode(), context.currentParallelism());
            if (context.registeredReaders().containsKey(reader)) {
                waiting.remove(split.shard());
                context.assignSplit(split, reader);
            }
        }
    }

    /** Whether a parent holds nothing back: there is none, its records have expired, or were read. */
    private boolean read(String parent, Set<String> present) {
        return parent == null || !present.contains(parent) || ended.contains(parent);
    }

    @Override
    public void handleSourceEvent(int reader, SourceEvent event) {
        if (event instanceof ShardEnded end && ended.add(end.shard())) {
            offer();
        }
    }

    @Override
    public void handleSplitRequest(int reader, String host) {
        // Readers get their shards unasked.
    }

    @Override
    public void addSplitsBack(List<ShardSplit> splits, int reader) {
        splits.forEach(split -> waiting.put(split.shard(), split));
        offer();
    }

    @Override
    public void addReader(int reader) {
        offer();
    }

    @Override
    public EnumeratorState snapshotState(long checkpoint) {
        return new EnumeratorState(
                new LinkedHashSet<>(assigned), new LinkedHashSet<>(ended), List.copyOf(waiting.values()));
    }

    @Override
    public void close() {
        client.close();
    }
}

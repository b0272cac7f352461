package fraudline.kinesis;

import java.util.List;
import java.util.Set;

/**
 * What the enumerator remembers.
 *
 * @param assigned shards that were given to a reader.
 * @param ended shards that were read to their end.
 * @param waiting splits that a failed reader gave back.
 */
public record EnumeratorState(Set<String> assigned, Set<String> ended, List<ShardSplit> waiting) {}

package fraudline.kinesis;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/** The enumerator's state as bytes, version 1. */
final class EnumeratorStateSerializer implements SimpleVersionedSerializer<EnumeratorState> {
    @Override
    public int getVersion() {
        return 1;
    }

    @Override
    public byte[] serialize(EnumeratorState state) throws IOException {
        DataOutputSerializer out = new DataOutputSerializer(1024);
        writeNames(state.assigned(), out);
        writeNames(state.ended(), out);
        out.writeInt(state.waiting().size());
        for (ShardSplit split : state.waiting()) {
            ShardSplitSerializer.write(split, out);
        }
        return out.getCopyOfBuffer();
    }

    @Override
    public EnumeratorState deserialize(int version, byte[] bytes) throws IOException {
        Versions.check(getVersion(), version, "shard list");
        DataInputDeserializer in = new DataInputDeserializer(bytes);
        Set<String> assigned = readNames(in);
        Set<String> ended = readNames(in);
        List<ShardSplit> waiting = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            waiting.add(ShardSplitSerializer.read(in));
        }
        return new EnumeratorState(assigned, ended, waiting);
    }

    private static void writeNames(Collection<String> names, DataOutputSerializer out) throws IOException {
        out.writeInt(names.size());
        for (String name : names) {
            out.writeUTF(name);
        }
    }

    private static Set<String> readNames(DataInputDeserializer in) throws IOException {
        Set<String> names = new LinkedHashSet<>();
        for (int left = in.readInt(); left > 0; left--) {
            names.add(in.readUTF());
        }
        return names;
    }
}

package fraudline.kinesis;

import java.io.IOException;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/** Splits as bytes, version 1. */
final class ShardSplitSerializer implements SimpleVersionedSerializer<ShardSplit> {
    @Override
    public int getVersion() {
        return 1;
    }

    @Override
    public byte[] serialize(ShardSplit split) throws IOException {
        DataOutputSerializer out = new DataOutputSerializer(128);
        write(split, out);
        return out.getCopyOfBuffer();
    }

    @Override
    public ShardSplit deserialize(int version, byte[] bytes) throws IOException {
        Versions.check(getVersion(), version, "split");
        return read(new DataInputDeserializer(bytes));
    }

    static void write(ShardSplit split, DataOutputSerializer out) throws IOException {
        out.writeUTF(split.shard());
        out.writeUTF(split.after() == null ? "" : split.after());
        out.writeBoolean(split.ended());
    }

    static ShardSplit read(DataInputDeserializer in) throws IOException {
        String shard = in.readUTF();
        String after = in.readUTF();
        return new ShardSplit(shard, after.isEmpty() ? null : after, in.readBoolean());
    }
}

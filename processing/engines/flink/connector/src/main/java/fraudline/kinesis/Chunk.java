package fraudline.kinesis;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import software.amazon.awssdk.services.kinesis.model.Record;

/**
 * The records of one read of one shard.
 *
 * <p>Records travel through the job in chunks: crossing from Java to Python costs as much for one
 * record as for a thousand.
 *
 * @param bytes big-endian: the shard's id, then per record its partition key, sequence number,
 *     arrival time (milliseconds, int64), size (int32) and data; texts have an unsigned 16-bit length before them.
 *     Null when nothing was read.
 * @param last sequence number of the last record; null when nothing was read.
 * @param ended the shard is closed and this was its end.
 */
record Chunk(byte[] bytes, String last, boolean ended) {
    static Chunk of(String shard, List<Record> records, boolean ended) {
        if (records.isEmpty()) {
            return new Chunk(null, null, ended);
        }
        ByteArrayOutputStream buffer = new ByteArrayOutputStream(records.size() * 512);
        DataOutputStream out = new DataOutputStream(buffer);
        try {
            out.writeUTF(shard);
            for (Record record : records) {
                byte[] data = record.data().asByteArrayUnsafe();
                out.writeUTF(record.partitionKey());
                out.writeUTF(record.sequenceNumber());
                out.writeLong(record.approximateArrivalTimestamp().toEpochMilli());
                out.writeInt(data.length);
                out.write(data);
            }
        } catch (IOException error) {
            throw new IllegalStateException("memory cannot fail to be written", error);
        }
        return new Chunk(buffer.toByteArray(), records.get(records.size() - 1).sequenceNumber(), ended);
    }
}

package fraudline.kinesis;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.apache.flink.connector.base.sink.writer.AsyncSinkWriterStateSerializer;

/** Records that a checkpoint finds still unsent. */
final class OutgoingSerializer extends AsyncSinkWriterStateSerializer<Outgoing> {
    @Override
    public int getVersion() {
        return 1;
    }

    @Override
    protected void serializeRequestToStream(Outgoing record, DataOutputStream out) throws IOException {
        record.write(out);
    }

    @Override
    protected Outgoing deserializeRequestFromStream(long size, DataInputStream in) throws IOException {
        return Outgoing.read(in);
    }
}

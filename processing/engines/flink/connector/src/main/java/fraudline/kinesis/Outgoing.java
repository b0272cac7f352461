package fraudline.kinesis;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;

/**
 * A record on its way to a stream: big-endian, the stream's name and the partition key with an
 * unsigned 16-bit length each, the data's size (int32) and the data.
 */
record Outgoing(String stream, String key, byte[] data) implements Serializable {
    static Outgoing read(DataInputStream in) throws IOException {
        String stream = in.readUTF();
        String key = in.readUTF();
        byte[] data = new byte[in.readInt()];
        in.readFully(data);
        return new Outgoing(stream, key, data);
    }

    void write(DataOutputStream out) throws IOException {
        out.writeUTF(stream);
        out.writeUTF(key);
        out.writeInt(data.length);
        out.write(data);
    }

    long size() {
        return stream.length() + key.length() + data.length;
    }
}

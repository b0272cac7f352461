package fraudline.kinesis;

import java.io.IOException;

/** Versions of what is kept in checkpoints. */
final class Versions {
    private Versions() {}

    static void check(int known, int found, String what) throws IOException {
        if (found != known) {
            throw new IOException(
                    "a checkpoint has version " + found + " of a " + what + ", this connector reads "
                            + known + ": start from a savepoint of this version, or without state");
        }
    }
}

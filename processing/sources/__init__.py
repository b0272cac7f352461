"""Where transactions come from: data sets in one shape, read from any file, encoded as stream records."""

"""The decision server: connections, workers, formats and metrics around `inference.service`."""

"""The decision server against the usual ways of serving the same model."""

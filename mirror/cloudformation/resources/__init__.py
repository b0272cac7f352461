"""One file per family of resource types."""

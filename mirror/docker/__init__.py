"""Container images without a container engine: what an image would run, run by the mirror's Python."""

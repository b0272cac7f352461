"""Commands of the data side."""

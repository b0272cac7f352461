"""Decisions on files: what the endpoint would have answered, off-peak and many at once."""

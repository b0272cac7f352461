"""A bureau on this machine: a real HTTP server with answers of its own, and faults to drill with."""

"""The mirror's front: one port, one process, every service."""

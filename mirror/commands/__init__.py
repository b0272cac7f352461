"""The mirror's commands."""

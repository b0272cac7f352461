"""Subcommands of `fraudline` that decide, and that show what was decided."""

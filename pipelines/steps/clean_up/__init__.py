"""Removes what a night left behind and nobody needs any more (N7)."""

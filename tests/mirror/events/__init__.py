"""Tests of mirror.events."""

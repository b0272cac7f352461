"""Tests of mirror.docker."""

"""Tests of mirror.functions."""

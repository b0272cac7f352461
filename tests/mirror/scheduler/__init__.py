"""Tests of mirror.scheduler."""

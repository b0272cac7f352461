"""Tests of mirror.cloudformation."""

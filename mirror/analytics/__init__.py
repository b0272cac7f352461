"""Managed Service for Apache Flink: applications that run on a real, local Flink."""

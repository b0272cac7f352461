"""Glue's Schema Registry, with the check of compatibility; the rest of Glue is moto's."""

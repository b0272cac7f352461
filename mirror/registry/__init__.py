"""The model registry: model package groups, and versioned packages with their approval."""

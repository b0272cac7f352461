"""The laptop's cloud: one process that serves the AWS APIs the platform uses, over moto."""

"""Starts a Flink application: CloudFormation creates one, but leaves it to others to start it."""

"""Empties what CloudFormation only deletes when empty. Deployed in disposable environments only."""

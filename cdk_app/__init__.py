"""Where it all runs: the CDK app, one file per stack."""

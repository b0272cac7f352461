"""A small CDK app for `test_cdk`: what a real one uses of the mirror, in two stacks."""

"""Keeps the endpoint as the stack configures it, serving the model that the registry approves.

Called by CloudFormation (a custom resource that carries the configuration) and by EventBridge (an
approval changed). Both end in the same `reconcile`, which compares what is with what should be.
"""

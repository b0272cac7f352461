"""Code of the Lambda functions: standard library and boto3, nothing else of this project.

The folder is one code asset that keeps its path, so imports read the same here and in Lambda.
"""

"""SageMaker hosting: models, endpoint configurations, and endpoints that are real server processes."""

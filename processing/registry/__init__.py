"""What the model registry and the endpoint say."""

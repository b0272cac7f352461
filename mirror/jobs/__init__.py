"""Processing and training jobs: each a real child process with the container's file contract."""

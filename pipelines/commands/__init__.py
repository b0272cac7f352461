"""Commands of the model side: the registry's reviewer, and the nightly pipeline."""

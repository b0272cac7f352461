"""Parts that stacks are made of: one construct per file."""

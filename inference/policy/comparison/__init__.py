"""What routing is worth: a log replayed through a policy, with cost and fraud caught by each choice."""

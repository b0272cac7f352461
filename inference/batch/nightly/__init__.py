"""The off-peak batch of a night (N8): decides the day's transactions that nobody decided in real time."""

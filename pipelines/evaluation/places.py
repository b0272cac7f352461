"""Names of the files that steps hand to the evaluation."""

CHAMPION_FILE = "champion.json"
SERVING_FILE = "serving.json"
NO_CHAMPION = "none"
"""What ``package`` of `CHAMPION_FILE` says where no model is in production."""

"""Records that were not applied: found again, shown, and put back once their cause is gone."""

"""The long aggregates of a night (N2): what is usual for each user, and how risky each merchant is."""

"""How a decision is made: the scoring server, its rules and its reasons."""

"""What follows the end of a night: its older candidates are rejected, its model gets a card, a mail tells it.

Reading order: `handler`, `night` (what happened), `supersede`, `card`, `message`.
"""

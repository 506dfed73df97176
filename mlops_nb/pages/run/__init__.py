"""The page of one run: its card, alive while it runs."""

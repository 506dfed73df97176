"""The page of all models: what is in production, what waits, and for whom."""

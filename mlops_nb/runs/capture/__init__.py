"""Capture: what a run records without a line from the user, and without ever breaking a cell."""

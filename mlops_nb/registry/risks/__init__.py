"""Hazards of a version: how likely, how bad, what is done, what remains, and who accepts it."""

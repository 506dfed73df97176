"""Runs: capture, writing, search, comparison."""

"""Framing a problem: the canvas of a model, its decisions, and what the store says about feasibility."""

"""Faces: parse, call the verb, show. Nothing else."""

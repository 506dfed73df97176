"""The people of a project: their roles, passwords and keys."""

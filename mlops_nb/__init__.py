"""MLOps where data scientists live: the notebook."""

__version__ = "0.1.0"

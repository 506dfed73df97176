"""The search of runs: the `--where` grammar, its SQL, pages, DataFrames, `last` and `best:`."""

from mlops_nb.runs.query.keys import keys
from mlops_nb.runs.query.reader import Reader
from mlops_nb.runs.query.references import resolve_run
from mlops_nb.runs.query.search import search

__all__ = ["Reader", "keys", "resolve_run", "search"]

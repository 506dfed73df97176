"""The page of runs: filter, order, columns, views, selection."""

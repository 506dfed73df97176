"""Room of mlops_nb.registry; see its README."""

"""Room of mlops_nb; see its README."""

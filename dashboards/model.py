"""Model, for `panel serve dashboards/*.py` and for JupyterLab's preview."""

from mlops_nb.pages.site import BY_SLUG

BY_SLUG["model"].app()().servable()

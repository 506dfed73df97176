"""The dashboards: one folder a page, Panel over the public API."""

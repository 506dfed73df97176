"""Where a version shows on a page, its stage and its mark show with it, as words."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.pages.site import PAGES
from mlops_nb.store.store import Store

from .test_views import seen

HOME, RUN = (next(page for page in PAGES if page.slug == slug) for slug in ("home", "run"))


@pytest.fixture
def promoted(store: Store) -> str:
    """The id of the run whose model is in production, ungated."""
    X = np.arange(40.0).reshape(20, 2)
    with ml.track("flights") as run:
        LogisticRegression().fit(X, np.arange(20) % 2)
        model = LogisticRegression().fit(X, np.arange(20) % 2)
    assert ml.register("m", model).run == run.id
    ml.stage("m/1", "production", reason="better")
    return run.id


def test_home_says_what_is_in_production_and_how_it_came_there(promoted: str, store: Store):
    _, said, _ = seen(HOME)
    assert "In production is m/1 , since today ▲ ungated" in said
    store.write(
        lambda c: c.execute("INSERT INTO deployment VALUES ('api', 1, 1, 'localhost', 80, NULL, NULL, 0, 0, 1, NULL)")
    )
    assert "stopped as api (m/1 ● production ▲ ungated)" in seen(HOME)[1]
    ml.stage("m/1", "archived", reason="worse")
    _, said, _ = seen(HOME)
    assert "ungated" not in said
    assert "m/1 ○ archived" in said


def test_a_run_says_where_its_version_stands(promoted: str):
    assert "m/1 ● production ▲ ungated" in seen(RUN, f"?run={promoted}")[1]

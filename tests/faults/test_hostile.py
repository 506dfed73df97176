"""Hostile names and values are stored and given back, or refused in one line; none becomes a path or a statement."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, MlopsError
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store

TEXTS = [
    "../../x",
    "/etc/passwd",
    "C:\\x",
    "<script>alert(1)</script>",
    "'; DROP TABLE run; --",
    '" OR 1=1',
    "🦜🏽‍❤️",
    "\u202eevil",
    "a\x00b",
    "\ud800",
    "\x1b[31mred",
    "line\nbreak",
    "%s %(x)s {0} ${x}",
    "x" * 300,
    "",
    " ",
    "NULL",
    "\ufeff",
]


def _clean(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


@pytest.mark.parametrize("text", TEXTS)
def test_texts_as_values(store: Store, text: str, tmp_path: Path):
    with ActiveRun(store, "a", params={"p": text}, tags={"t": text}, note=text) as run:
        run.log_params(more=text)
        run.problem(text)
    (found,) = ml.runs()
    assert found.params == {"p": _clean(text), "more": _clean(text)}
    assert found.tags == {"t": _clean(text)}
    assert found.note == _clean(text)
    assert run.unsaved is None
    assert ml.db.check().problems == ()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["project"]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_as_keys(store: Store, text: str, tmp_path: Path):
    allowed = 0 < len(text) <= 250 and text.isprintable()
    with ActiveRun(store, "a") as run:
        for log in (
            lambda: run.log_params({text: 1}),
            lambda: run.set_tags({text: 1}),
            lambda: run.log_metric(text, 1.0),
            lambda: run.log_artifact(b"x", text or "\n"),
        ):
            if allowed:
                log()
            else:
                with pytest.raises(InvalidInput, match="not a valid") as caught:
                    log()
                assert "\n" not in str(caught.value)
                assert len(str(caught.value)) < 300
    (found,) = ml.runs()
    names = {text} if allowed else set()
    assert (set(found.params), set(found.tags), set(found.metrics)) == (names, names, names)
    assert {a.name for a in ml.show(run.id).artifacts} == names
    assert {p.name for p in tmp_path.iterdir()} == {"project"}
    assert all(len(p.name) in (62, 2) for p in (store.folder / "artifacts").rglob("*"))
    assert ml.db.check().problems == ()


@pytest.mark.parametrize("text", TEXTS)
def test_texts_as_names(store: Store, text: str):
    if text == "NULL":
        pytest.skip("a word like any other")
    with pytest.raises(InvalidInput, match="not a valid experiment name") as caught:
        ActiveRun(store, text)
    assert "\n" not in str(caught.value)
    assert not store.exists


@pytest.mark.parametrize("value", ["x" * 1_000_000, list(range(300_000)), {"k": "v" * 10_000}])
def test_what_is_too_long_says_where_it_belongs(store: Store, value: Any):
    with ActiveRun(store, "a") as run:
        for log in (
            lambda: run.log_params(p=value),
            lambda: run.set_tags(t=value),
            lambda: ActiveRun(store, "b", note=str(value)),
        ):
            with pytest.raises(InvalidInput, match=r"at most 4,000.*ml.log_artifact") as caught:
                log()
            assert len(str(caught.value)) < 300
    with pytest.raises(InvalidInput):
        ml.note(run.id, str(value))
    assert [r.params for r in ml.runs()] == [{}]


@pytest.mark.parametrize(
    "reference", [*TEXTS, "x" * 1_000_000, "best:" + "x" * 100_000, "best:\ud800", "01" + "0" * 1000]
)
def test_texts_as_references(store: Store, reference: str):
    with ActiveRun(store, "a"):
        pass
    for verb in (ml.show, lambda r: ml.untrack(r, "metrics.x"), lambda r: ml.rename(r, "x")):
        with pytest.raises(MlopsError) as caught:
            verb(reference)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    params=st.dictionaries(
        st.text(max_size=300),
        st.one_of(
            st.text(max_size=200),
            st.integers(),
            st.floats(),
            st.booleans(),
            st.none(),
            st.binary(max_size=20),
            st.decimals(),
        ),
        max_size=4,
    ),
    metrics=st.dictionaries(st.text(max_size=300), st.floats(), max_size=4),
    steps=st.one_of(st.none(), st.integers()),
)
def test_anything_is_stored_or_refused(
    store: Store, params: dict[str, Any], metrics: dict[str, float], steps: int | None
):
    run = ActiveRun(store, "a")
    try:
        run.log_params(params)
        kept: dict[str, Any] = params
    except MlopsError:
        kept = {}
    for name, value in metrics.items():
        try:
            run.log_metric(name, value, steps)
        except MlopsError:
            assert not (name and len(name) <= 250 and name.isprintable()) or (steps is not None and abs(steps) >= 2**62)
    run.end("finished")
    store.writer.flush()
    assert run.unsaved is None
    assert run.pending is False
    (found,) = ml.runs(limit=1)
    assert found.id == run.id
    assert set(found.params) == set(kept)
    for name, value in found.metrics.items():
        assert value == metrics[name] or (math.isnan(value) and math.isnan(metrics[name]))

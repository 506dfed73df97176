"""`last`, `best:` and the beginnings of ids."""

import pytest

from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.runs.query import resolve_run, search
from tests.unit.runs.search_world import NAN, Store, fill


@pytest.fixture
def store():
    made = Store()
    yield made
    made.connection.close()


@pytest.fixture
def filled(store):
    return fill(store)


def test_references(filled):
    earliest, latest = (search(filled, sort=sort, limit=1)[0].id for sort in ("started", "-started"))
    assert resolve_run(filled, "last") == latest
    assert resolve_run(filled, earliest.lower()) == earliest
    filled.connection.execute("UPDATE run SET ulid = '7ZZZ' || substr(ulid, 5), trashed_us = 1 WHERE note = 'a'")
    assert resolve_run(filled, " 7zzz ").startswith("7ZZZ")


RUN = "expected a run's id or the first 4 or more characters of it, last, or best:METRIC"
THREE = ", ".join(f"01K3F9A000000000000000000{number}" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("reference", "refusal", "line"),
    [
        ("lst", InvalidInput, f"'lst' is not a reference to a run; {RUN}; did you mean 'last'?"),
        ("01K", InvalidInput, f"'01K' is too short for a run; {RUN}"),
        ("ZZZZ", NotFound, f"no run 'ZZZZ'; {RUN}; try: %runs"),
        ("01k3", InvalidInput, f"'01k3' begins several runs: {THREE}, …; expected more of its characters"),
        (
            "best:acu",
            NotFound,
            "no run has the metric 'acu'; did you mean 'auc'?; try: %runs --where 'has(metrics.NAME)'",
        ),
        ("best:auc@shps", NotFound, "no experiment 'shps'; did you mean 'ships'?"),
        ("best:", InvalidInput, "best: names no metric; expected best:METRIC; try: best:auc"),
        ("' OR 1=1", InvalidInput, f'"\' OR 1=1" is not a reference to a run; {RUN}'),
    ],
)
def test_references_that_are_none(filled, reference, refusal, line):
    with pytest.raises(refusal) as raised:
        resolve_run(filled, reference)
    assert str(raised.value) == line


def test_last_in_an_empty_store(store):
    with pytest.raises(NotFound, match="there is no run yet"):
        resolve_run(store, "last")
    assert len(search(store)) == 0


def test_the_best_run(store):
    first = store.add(metrics={"auc": 0.9, "loss": 0.5, "odd": 1.0, "p@5": 1.0})
    store.add(metrics={"auc": 0.9, "loss": 0.9, "odd": 2.0})
    store.add(metrics={"auc": NAN, "loss": NAN})
    store.add(metrics={"auc": 1.0, "loss": 0.0}, status="failed")
    low = store.add(metrics={"auc": 0.1, "loss": 0.7, "odd": 3.0}, experiment="other")
    assert resolve_run(store, "best:auc") == resolve_run(store, "best:loss") == first
    assert resolve_run(store, "best:auc@other") == resolve_run(store, "best:auc:min") == low
    assert resolve_run(store, "best:odd:max") == resolve_run(store, "best:odd:max@other") == low
    assert resolve_run(store, "best:p@5:max") == first
    with pytest.raises(InvalidInput) as refusal:
        resolve_run(store, "best:odd")
    assert str(refusal.value) == (
        "whether a greater or a lesser 'odd' is better is not known; expected max or min; "
        "try: best:odd:max or best:odd:min"
    )
    store.connection.execute("UPDATE metric SET direction = -1 WHERE key = (SELECT id FROM key WHERE name = 'odd')")
    assert resolve_run(store, "best:odd") == first


def test_best_where_nothing_finished(store):
    store.add(metrics={"auc": 1.0}, status="failed")
    with pytest.raises(NotFound, match="no finished run has a value of 'auc'; try: %runs"):
        resolve_run(store, "best:auc")

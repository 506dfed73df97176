"""`audit` by who, what, when: in any combination, page by page, along indexes however long the log is."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, MlopsError, NotFound
from mlops_nb.references import complete
from mlops_nb.store.audit import asking, chain, reading
from mlops_nb.store.audit.matching import Source
from mlops_nb.store.audit.reading import at_end, read
from mlops_nb.store.store import Store
from tests.benchmarks.auditing import fill_audit

ROWS = 400


@pytest.fixture
def busy(store: Store) -> Store:
    """Rows of several people and jobs about three models."""
    for name in ("late", "churn", "demand"):
        store.write(lambda c, name=name: c.execute("INSERT INTO model(name, created_us) VALUES (?, 0)", (name,)))
    fill_audit(store, ROWS, models=3)
    return store


def _all(store: Store) -> list[dict[str, Any]]:
    names = ("seq", "time_us", "actor", "action", "subject", "detail")
    sql = f"SELECT {', '.join(names)} FROM audit ORDER BY seq DESC"
    return [dict(zip(names, row, strict=True)) for row in store.query(sql)]


def _text(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="microseconds")


def _mentioned(row: dict[str, Any]) -> list[str]:
    detail = json.loads(row["detail"])
    return [row["subject"], *detail.get("things", []), detail.get("of", "")]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("about", "by", "did", "when"),
    [c for c in itertools.product(("", "late"), ("", "ada", "nightly"), ("", "gates", "restore"), (0, 1)) if any(c)],
)
def test_every_combination_finds_what_is_there(
    busy: Store, about: str, by: str, did: str, when: int, after: bool
) -> None:
    rows = _all(busy)
    first, last = rows[300]["time_us"], rows[40]["time_us"]
    actor = {"": "", "ada": "person:ada", "nightly": "job:nightly"}[by]
    wanted = [
        r["seq"]
        for r in rows
        if (not about or any(node.startswith("version:1/") for node in _mentioned(r)))
        and (not by or r["actor"] == actor)
        and (not did or r["action"] == did)
        and (not when or first <= r["time_us"] <= last)
        and (not after or r["seq"] < 200)
    ]
    moments = {"since": _text(first), "until": _text(last)} if when else {}
    found = ml.audit(about, by=by, did=did, limit=1_000, after="200" if after else "", **moments)
    assert [row.seq for row in found] == wanted


def test_a_version_is_found_where_it_is_only_mentioned(busy: Store):
    rows = _all(busy)
    node = next(_mentioned(r)[-2] for r in rows if r["action"] == "restore")
    wanted = [r["seq"] for r in rows if node in _mentioned(r)]
    assert [row.seq for row in read(busy, asking.Question(sources=(Source(node),)), 1_000)] == wanted


def test_pages_go_both_ways_and_join(busy: Store):
    asked = asking.question(busy, "late", by="ada")
    every = [row.seq for row in read(busy, asked, 1_000)]
    assert len(every) > 14
    down, after = list[int](), ""
    while True:
        page = read(busy, asked, 7, after)
        down += [row.seq for row in page]
        after = page.next_page
        if not after:
            break
    up, before = list[int](), "0"
    while True:
        page = read(busy, asked, 7, before=before)
        up = [row.seq for row in page] + up
        if at_end(busy, asked, page[0].seq, newest=True):
            break
        before = str(page[0].seq)
    assert down == up == every
    assert at_end(busy, asked, every[-1])
    assert not at_end(busy, asked, every[0])


def test_a_clock_that_went_back_hides_no_row(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.change(lambda c: None, "add", "key:1")
    now = store.query("SELECT max(time_us) FROM audit")[0][0]
    for i, back in enumerate((0, 90_000_000, 30_000_000)):
        monkeypatch.setattr(chain, "now_us", lambda back=back: now - back)
        store.change(lambda c: None, "add", f"key:{i}")
    seqs = [row.seq for row in ml.audit(since=_text(now - 60_000_000), did="add")]
    assert seqs == [5, 3, 2]
    assert [row.seq for row in ml.audit(until=_text(now - 60_000_000))] == [4]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"by": "aad"}, NotFound, "nobody called 'aad' did anything here; did you mean 'ada'?"),
        ({"by": "job:nightyl"}, NotFound, "did you mean 'job:nightly'?"),
        ({"did": "gate"}, NotFound, "did you mean 'gates'?"),
        ({"since": "yesterday"}, InvalidInput, "'yesterday' is no moment"),
        ({"until": "2026-02-30"}, InvalidInput, "is no moment"),
        ({"name": "demnad"}, NotFound, "did you mean 'demand'?"),
    ],
    ids=range(6),
)
def test_what_is_refused(busy: Store, asked: dict[str, str], error: type[MlopsError], said: str):
    with pytest.raises(error) as refused:
        ml.audit(**asked)  # type: ignore[arg-type]
    assert said in str(refused.value)


def test_what_exists_is_suggested(busy: Store):
    assert complete(busy, "actor", "a") == ["ada"]
    assert complete(busy, "actor", "job") == ["job:nightly"]
    assert complete(busy, "action", "") == ["create", "evaluate", "gates", "restore", "undeploy"]
    assert complete(busy, "concerned", "chu") == ["churn"]


# A log of a million rows is as long as these plans take: none goes along all of it, or sorts what is not one page.
PLANS = {
    "all": asking.Question(),
    "about": asking.Question(sources=(Source("model:1"),)),
    "by": asking.Question(actor="person:ada"),
    "by and did": asking.Question(actor="person:ada", action="gates"),
    "about and by": asking.Question(sources=(Source("version:1/2"),), actor="person:ada"),
    "person": asking.Question(sources=(Source("person:ada"), Source(actor="person:ada"))),
    "since": asking.Question(first_us=1, rows=(5, 900)),
    "by since": asking.Question(actor="person:ada", first_us=1, rows=(5, 900)),
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("analyzed", [False, True])
def test_a_page_is_found_along_an_index(busy: Store, name: str, analyzed: bool):
    if analyzed:
        busy.write(lambda c: c.execute("ANALYZE"))
    sql, values = asking.page_sql(PLANS[name], 50, 300, None)
    with closing(sqlite3.connect(busy.path)) as connection:
        plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert not [line for line in plan if "SCAN a" in line or "SCAN n" in line], plan
    if "UNION" not in sql:
        assert not [line for line in plan if "TEMP B-TREE" in line], plan


def test_more_than_ten_thousand_are_not_counted(store: Store, monkeypatch: pytest.MonkeyPatch):
    fill_audit(store, 200)
    assert ml.audit(by="nightly").total == len(ml.audit(by="nightly", limit=1_000))
    monkeypatch.setattr(reading, "COUNTED", 20)
    found = ml.audit(by="nightly", limit=10)
    assert (found.total, found.note.startswith("10 of more than 20 rows")) == (None, True)
    assert ml.audit(limit=10).total == 200

"""`audit`: who did what to which thing, in people's names, newest first and page by page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, MlopsError, NotFound
from mlops_nb.faces.cli import main
from mlops_nb.store.actor import acting
from mlops_nb.store.audit.naming import things
from mlops_nb.store.store import Store


def _model(scale: float = 1.0) -> LogisticRegression:
    return LogisticRegression(C=scale).fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])


@pytest.fixture
def busy(store: Store) -> Store:
    """A run, a model of two versions that was renamed, a view, a person, and a version that was staged for a reason."""
    with ml.track("flights") as run:
        ml.log_metric("auc", 0.9)
    ml.note(run.id, "looks good")
    ml.register("delay", _model())
    ml.register("delay", _model(2.0))
    ml.register("other", _model(3.0))
    ml.rename("delay", "late", kind="model")
    ml.view("good", "metrics.auc > 0.5")
    ml.people.add("ada", role="approver", no_password=True)  # type: ignore[attr-defined]
    with acting("ada", verified="basic auth"):
        store.change(
            lambda c: None, "judge", "version:1/2", why="<b>better</b>", evidence="ab" * 32, **{"from": "none"}
        )
    return store


def _did(name: str = "", **more: object) -> list[tuple[str, str]]:
    return [(row.action, row.about) for row in ml.audit(name, **more)]  # type: ignore[arg-type]


def test_all_rows_newest_first(busy: Store):
    rows = ml.audit()
    assert [row.seq for row in rows] == list(range(9, 0, -1))
    assert [(row.action, row.about) for row in rows] == [
        ("judge", "version late/2"),
        ("add person", "person ada"),
        ("view", "view good"),
        ("rename", "model late"),
        ("register", "version other/1"),
        ("register", "version late/2"),
        ("register", "version late/1"),
        ("note", f"run {busy.query('SELECT ulid FROM run')[0][0][:10]}"),
        ("create", "the store"),
    ]
    first = rows[0]
    assert (first.actor, first.verified, first.why) == ("person:ada", "basic auth", "<b>better</b>")
    assert first.evidence == ("evidence " + "ab" * 32,)
    assert first.detail == {"from": "none"}
    assert first.digest == busy.query("SELECT digest FROM audit WHERE seq = 9")[0][0]
    assert [row.verified for row in rows[1:]] == [""] * 8


def test_what_concerns_one_thing(busy: Store):
    run = busy.query("SELECT ulid FROM run")[0][0]
    assert _did("late") == [
        ("judge", "version late/2"),
        ("rename", "model late"),
        ("register", "version late/2"),
        ("register", "version late/1"),
    ]
    assert _did("late/2") == [("judge", "version late/2"), ("register", "version late/2")]
    assert _did("late/1") == [("register", "version late/1")]
    assert _did("other") == [("register", "version other/1")]
    assert [did for did, _ in _did("last")] == ["note"]
    assert _did(run[:12]) == _did("last")
    assert _did("good") == [("view", "view good")]
    assert _did("ada") == [("judge", "version late/2"), ("add person", "person ada")]


def test_several_at_once_are_found_by_each(busy: Store):
    ml.trash("late/1", "other/1", kind="version")
    assert [did for did, _ in _did("late/1")] == ["trash", "register"]
    assert [did for did, _ in _did("other")] == ["trash", "register"]
    assert [did for did, _ in _did("late/2")] == ["judge", "register"]


def test_one_name_of_several_things_is_all_of_them_unless_a_kind_is_given(busy: Store):
    ml.rename("flights", "late", kind="experiment")
    assert [did for did, _ in _did("late")] == ["rename", "judge", "rename", "register", "register"]
    assert _did("late", kind="experiment") == [("rename", "experiment late")]


def test_numbers_are_whole_and_a_name_that_reads_as_one_is_a_name(busy: Store):
    for i in range(9):
        ml.register("late", _model(10.0 + i))
    assert [did for did, _ in _did("late/1")] == ["register"]
    ml.rename("other", "1", kind="model")
    assert [about for _, about in _did("1", kind="model")] == ["model 1", "version 1/1"]


def test_an_older_registration_is_found_by_the_name_it_had(busy: Store):
    busy.change(lambda c: None, "register", "model:delay", added={"version": 1, "artifact": "cd" * 32})
    assert ("register", "model delay") in _did("late")
    assert ("register", "model delay") not in _did("other")
    assert ml.audit("late", limit=1)[0].evidence == ("artifact " + "cd" * 32,)


def test_page_by_page(busy: Store):
    page = ml.audit(limit=4)
    assert page.total == 9
    seen = [row.seq for row in page]
    ml.note("last", "meanwhile")  # what is added meanwhile does not move the pages
    while page.next_page:
        page = ml.audit(limit=4, after=page.next_page)
        seen += [row.seq for row in page]
    assert seen == list(range(9, 0, -1))


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"name": "lte"}, NotFound, "the audit log knows no thing 'lte'"),
        ({"name": "latee", "kind": "model"}, NotFound, "the audit log knows no model 'latee'"),
        ({"name": "late", "kind": "modle"}, InvalidInput, "did you mean 'model'?"),
        ({"limit": 0}, InvalidInput, "expected 1 to 10,000"),
        ({"limit": 10_001}, InvalidInput, "expected 1 to 10,000"),
        ({"after": "; DROP"}, InvalidInput, "is no cursor"),
        ({"after": "-1"}, InvalidInput, "is no cursor"),
        ({"name": "x" * 100_000}, NotFound, "the audit log knows no thing"),
        ({"name": "' OR 1=1 --"}, NotFound, "the audit log knows no thing"),
        ({"name": "%"}, NotFound, "the audit log knows no thing"),
    ],
    ids=range(10),
)
def test_what_is_refused(busy: Store, asked: dict[str, object], error: type[MlopsError], said: str):
    with pytest.raises(error) as refused:
        ml.audit(**asked)  # type: ignore[arg-type]
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400


def test_an_empty_store(store: Store):
    assert "nothing was done here yet" in repr(ml.audit())
    verdict = ml.audit.verify()  # type: ignore[attr-defined]
    assert (verdict.rows, verdict.exit_code) == (0, 0)
    assert "there is no audit log yet" in repr(verdict)
    assert not store.exists, "looking leaves no trace"


def test_how_it_shows(busy: Store):
    shown = repr(ml.audit())
    assert "ada ✓" in shown
    assert "evidence ababababab" in shown
    html = ml.audit()._repr_html_()
    assert "&lt;b&gt;better&lt;/b&gt;" in html
    assert "<b>better" not in html
    assert 'title="checked: basic auth"' in html
    assert "checked: basic auth" in repr(ml.audit()[0])
    assert "the system's word" in repr(ml.audit()[1])
    assert ml.audit().df["action"].iloc[0] == "judge"


def test_names_of_what_is_gone_or_never_was(busy: Store):
    found = things(
        busy, ["model:99", "version:99/3", "view:good", "person:eve", "2 runs", "store", "odd", "model:1", ":"]
    )
    shown = {node: thing.shown for node, thing in found.items()}
    assert shown["model:99"] == "model 99"
    assert shown["version:99/3"] == "version of model 99, number 3"
    assert shown["model:1"] == "model late"
    assert (shown["view:good"], shown["person:eve"], shown["2 runs"]) == ("view good", "person eve", "2 runs")
    assert (shown["store"], shown["odd"]) == ("the store", "odd")
    assert (found["model:1"].kind, found["model:1"].reference) == ("model", "late")
    assert [found[node].reference for node in ("model:99", "version:99/3", "2 runs")] == ["", "", ""]


def test_in_a_shell(busy: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    monkeypatch.setenv("MLOPS_NB_STORE", str(busy.folder))
    monkeypatch.chdir(tmp_path)
    for words, code, said in (
        (["audit", "late/2"], 0, "version late/2"),
        (["audit", "verify"], 0, "the audit log holds"),
        (["audit", "export"], 0, "audit-"),
        (["audit", "export", "x/y.jsonl"], 1, ""),
    ):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert (left.value.code or 0) == code
        assert said in capsys.readouterr().out
    assert len(list(tmp_path.glob("audit-*.jsonl"))) == 1

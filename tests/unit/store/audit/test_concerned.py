"""What each row of the log concerns is kept beside it, is found anew, and is held against it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.store.audit import concerned
from mlops_nb.store.audit.concerned import nodes
from mlops_nb.store.store import Store, open_store
from tests.benchmarks.auditing import fill_audit

FIXTURE = Path(__file__).parents[3] / "fixtures" / "store_format_1.db"


@pytest.mark.parametrize(
    ("subject", "detail", "wanted"),
    [
        ("version:7/1", {}, {"version:7/1", "model:7"}),
        ("model:7", {"model": "late"}, {"model:7"}),
        ("2 runs", {"things": ["run:01A", "run:01B"]}, {"run:01A", "run:01B"}),
        ("deployment:d", {"of": "version:3/2", "host": "::1"}, {"deployment:d", "version:3/2", "model:3"}),
        ("version:1/2", {"added": {"deep": [{"archived": "version:1/1"}]}}, {"version:1/2", "version:1/1", "model:1"}),
        ("store", {"days": 1, "none": None, "said": "a: b", "key": "set"}, set()),
        ("odd", None, set()),
    ],
)
def test_nodes(subject: str, detail: object, wanted: set[str]):
    assert nodes(subject, detail) == wanted


def test_kept_with_the_row_and_found_anew_alike(store: Store):
    fill_audit(store, 200, models=3)
    store.change(lambda c: None, "judge", "version:1/1", evidence="ab", archived="version:1/9")
    kept = store.query("SELECT * FROM audit_node ORDER BY node, seq")
    assert ("version:1/9", 201) in kept
    store.write(concerned.fill)
    assert store.query("SELECT * FROM audit_node ORDER BY node, seq") == kept
    assert ml.audit.verify().exit_code == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("damage", "seq"),
    [
        ("DELETE FROM audit_node WHERE seq = 7", 7),
        ("INSERT INTO audit_node VALUES ('model:1', 8)", 8),
        ("DELETE FROM audit_node", 1),
        ("INSERT INTO audit_node VALUES ('model:1', 99)", 99),
    ],
)
def test_a_row_that_is_hidden_from_questions_is_named(store: Store, damage: str, seq: int):
    for i in range(9):
        store.change(lambda c: None, "add", f"key:{i}")
    store.close()
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute(damage)
    connection.close()
    found = ml.audit.verify()  # type: ignore[attr-defined]
    assert found.contradictions == (f"what row {seq} of the audit log concerns is not what is kept of it",)


def test_it_is_not_rewritten(store: Store):
    store.change(lambda c: None, "add", "key:1")
    with pytest.raises(sqlite3.IntegrityError, match="found from its rows"):
        store.write(lambda c: c.execute("UPDATE audit_node SET seq = 1"))


def test_an_older_store_has_it_after_it_was_brought_up_to_date(tmp_path: Path):
    folder = tmp_path / ".mlops"
    folder.mkdir()
    shutil.copy(FIXTURE, folder / "store.db")
    store = open_store(folder)
    kept = store.query("SELECT node, seq FROM audit_node ORDER BY node, seq")
    rows = store.query("SELECT seq, subject, detail FROM audit")
    import json

    assert kept == sorted((node, seq) for seq, subject, detail in rows for node in nodes(subject, json.loads(detail)))
    assert kept
    store.close()

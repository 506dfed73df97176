"""`audit export`: a file that somebody else's script of fifteen lines verifies, from what README.md says alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, StoreError
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store

SCRIPT = """\
import json, sys
from blake3 import blake3
head, *rows = (json.loads(line) for line in open(sys.argv[1], encoding="utf-8"))
assert head["kind"] == "mlops_nb audit" and len(rows) == head["rows"], "the file was cut"
previous = ""
for number, row in enumerate(rows, 1):
    fields = [row[name] for name in ("seq", "time_us", "actor", "action", "subject", "detail")]
    text = json.dumps([head["format"], previous, *fields], ensure_ascii=False, separators=(",", ":"))
    chained = row["seq"] == number and row["previous"] == previous
    assert chained and row["digest"] == blake3(text.encode()).hexdigest(), f"row {number}"
    previous = row["digest"]
assert rows[0]["subject"] == "store:" + head["store"], "another store's"
assert head["anchor"] is None or rows[head["anchor"]["rows"] - 1]["digest"] == head["anchor"]["digest"], "the anchor"
print(len(rows))
"""


def _verified(path: Path) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False)
    return done.stdout.strip(), (done.stderr.strip().splitlines() or [""])[-1]


@pytest.fixture
def exported(store: Store, tmp_path: Path) -> Path:
    """The log of a store where things were done whose texts need care."""
    for i in range(4):
        store.change(lambda c: None, "add", f"key:é{i} 👩‍🔬", why="because", quote='"\\\n', number=1.5, none=None)
    with acting("Ada Lovelace", verified="oauth:github"):
        store.change(lambda c: None, "judge", "version:1/1")
    path = tmp_path / "audit.jsonl"
    made = ml.audit.export(path)  # type: ignore[attr-defined]
    assert (made.path, made.rows, made.anchored, made.bytes) == (str(path), 6, 6, path.stat().st_size)
    return path


def test_the_script_is_short_and_independent():
    assert len(SCRIPT.splitlines()) <= 15
    assert "import mlops_nb" not in SCRIPT


def test_an_export_is_verified_by_it(exported: Path):
    assert _verified(exported) == ("6", "")


def test_every_field_is_there_as_it_is_chained(exported: Path, store: Store):
    head, *rows = [json.loads(line) for line in exported.read_text("utf-8").splitlines()]
    assert head["anchor"] == {"rows": 6, "digest": store.query("SELECT digest FROM audit WHERE seq = 6")[0][0]}
    assert [tuple(row.values()) for row in rows] == store.query("SELECT * FROM audit ORDER BY seq")
    assert "because" not in exported.read_text("utf-8")


def _line(path: Path, number: int, change: dict[str, object] | None) -> None:
    lines = path.read_text("utf-8").splitlines()
    if change is None:
        del lines[number]
    else:
        lines[number] = json.dumps({**json.loads(lines[number]), **change}, ensure_ascii=False)
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        (3, {"actor": "person:eve"}, "AssertionError: row 3"),
        (3, {"time_us": 1}, "AssertionError: row 3"),
        (6, {"detail": "{}"}, "AssertionError: row 6"),
        (2, {"digest": "0" * 64}, "AssertionError: row 2"),
        (2, None, "AssertionError: the file was cut"),
        (0, {"store": "another"}, "AssertionError: another store's"),
        (0, {"anchor": {"rows": 3, "digest": "0" * 64}}, "AssertionError: the anchor"),
    ],
)
def test_what_was_altered_in_the_file_is_found_by_it(
    exported: Path, number: int, change: dict[str, object] | None, said: str
):
    _line(exported, number, change)
    assert _verified(exported) == ("", said)


def test_a_row_that_was_removed_with_its_count_is_found(exported: Path):
    _line(exported, 4, None)
    _line(exported, 0, {"rows": 5})
    assert _verified(exported) == ("", "AssertionError: row 4")


def test_it_writes_over_nothing_and_leaves_nothing_half_written(exported: Path, store: Store, tmp_path: Path):
    before = exported.read_bytes()
    with pytest.raises(InvalidInput, match="exists; expected a new file name"):
        ml.audit.export(str(exported))  # type: ignore[attr-defined]
    assert exported.read_bytes() == before
    with pytest.raises(StoreError):
        ml.audit.export(str(tmp_path / "no" / "folder" / "x.jsonl"))  # type: ignore[attr-defined]
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["audit.jsonl"]


def test_there_is_nothing_to_export_yet(store: Store):
    with pytest.raises(InvalidInput, match="there is no store at"):
        ml.audit.export("x.jsonl")  # type: ignore[attr-defined]


def test_a_store_without_an_anchor_is_exported_without_one(store: Store, tmp_path: Path):
    store.change(lambda c: None, "add", "key:1")
    store.anchor.write_text("garbled")
    made = ml.audit.export(str(tmp_path / "x.jsonl"))  # type: ignore[attr-defined]
    assert made.anchored == 0
    assert _verified(tmp_path / "x.jsonl") == ("2", "")

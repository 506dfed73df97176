"""`db check` and `db backup`."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import Corrupt, InvalidInput, MlopsError
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store, choose


def _run(store: Store, **params: object) -> ActiveRun:
    with ActiveRun(store, "flights", params=params) as run:
        run.log_metric("auc", 0.9)
    store.writer.flush()
    return run


def test_backup_while_a_writer_hammers(store: Store):
    run = ActiveRun(store, "busy")
    stop = threading.Event()

    def hammer() -> None:
        i = 0
        while not stop.is_set():
            run.log_metric("x", float(i), step=i)
            if i % 200 == 0:
                store.submit(lambda c, i=i: c.execute("INSERT INTO key(name) VALUES (?)", (f"k{i}",)))  # type: ignore[misc]
            if i % 5000 == 0:
                store.writer.flush()
            i += 1

    thread = threading.Thread(target=hammer)
    thread.start()
    try:
        for _ in range(5):
            before = store.query("SELECT count(*) FROM point")[0][0]
            made = ml.db.backup()
            with contextlib.closing(sqlite3.connect(made.path)) as copy:
                assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
                assert copy.execute("SELECT count(*) FROM point").fetchone()[0] >= before
                assert (
                    copy.execute("SELECT m.points FROM metric m").fetchone()[0]
                    == copy.execute("SELECT count(*) FROM point").fetchone()[0]
                )
    finally:
        stop.set()
        thread.join()
        run.end("finished")
    assert len(list((store.folder / "backups").iterdir())) == 5
    assert ml.db.check().problems == ()


def test_a_backup_put_in_place_is_a_store(store: Store, tmp_path: Path):
    run = _run(store, depth=8)
    made = ml.db.backup(str(tmp_path / "sub" / "copy.db"))
    assert made.runs == 1
    other = tmp_path / "restored" / ".mlops"
    other.mkdir(parents=True)
    shutil.copy(made.path, other / "store.db")
    choose(other)
    try:
        assert [r.id for r in ml.runs()] == [run.id]
        _run(choose(other), depth=9)
        assert len(ml.runs()) == 2
    finally:
        choose(other).close()
        choose(store.folder)


def test_backup_refusals(store: Store, tmp_path: Path):
    with pytest.raises(InvalidInput, match="no store"):
        ml.db.backup()
    _run(store)
    (tmp_path / "there.db").touch()
    with pytest.raises(InvalidInput, match="exists"):
        ml.db.backup(str(tmp_path / "there.db"))
    (tmp_path / "file").touch()
    with pytest.raises(MlopsError) as caught:
        ml.db.backup(str(tmp_path / "file" / "copy.db"))
    assert "\n" not in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".part") == []


def test_check_names_each_damaged_artifact_and_who_used_it(store: Store):
    with ActiveRun(store, "flights") as run:
        flipped, gone, good = (
            run.log_artifact(data, name) for data, name in ((b"one", "a"), (b"two", "b"), (b"three", "c"))
        )
    store.writer.flush()
    store.artifacts.path(flipped).write_bytes(b"onf")
    store.artifacts.path(gone).unlink()
    found = ml.db.check()
    assert found.exit_code == 1
    assert found.artifacts == 2
    assert sorted(found.problems) == sorted(
        [
            p
            for p in found.problems
            if ((flipped[:12] in p and "damaged" in p) or (gone[:12] in p and "missing" in p))
            and run.id[:10] in p
            and "backup" in p
        ]
    )
    assert len(found.problems) == 2
    assert store.artifacts.get(good) == b"three"


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_overwritten_pages_are_one_clear_line_each(store: Store, part: float):
    for i in range(200):
        run = ActiveRun(store, "flights", params={f"p{i}": "x" * 200})
        run.log_metric("auc", 0.9)
        run.end("finished")
    store.close()
    size = store.path.stat().st_size
    with store.path.open("r+b") as file:
        file.seek(int(size * part) // 4096 * 4096)
        file.write(b"\xff" * 4096 * 8)
    found = ml.db.check()
    assert found.exit_code == 1
    assert found.pages == "damaged"
    assert all("\n" not in problem for problem in found.problems)
    assert any("backups/" in problem for problem in found.problems)
    for table in ("run", "param", "metric", "point", "key", "tag", "audit", "experiment"):
        with contextlib.suppress(Corrupt):
            store.query(f"SELECT * FROM {table}")
    for verb in (ml.runs, ml.doctor, lambda: ml.sql("SELECT * FROM params"), lambda: ml.rename("flights", "x")):
        assert "\n" not in _told(verb)
    assert "\n" not in _told(ml.db.backup)


def _told(verb: Callable[[], object]) -> str:
    """The refusal of a verb; some verbs need nothing that is damaged."""
    try:
        verb()
    except MlopsError as error:
        return str(error)
    return ""

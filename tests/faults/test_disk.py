"""A full disk and a read-only one: the work goes on, one line says what could not be saved, nothing is damaged.

A small tmpfs is mounted where that is permitted. Elsewhere a file-size limit (RLIMIT_FSIZE) takes its place: writes
beyond it fail as on a full disk, and raising it is the space that is freed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.errors import MlopsError, StoreError
from mlops_nb.runs.active_run import ActiveRun
from mlops_nb.store.store import Store, choose, open_store

Freeing = Callable[[], None]


def _mount(*arguments: str | Path) -> bool:
    found = shutil.which("mount")
    return found is not None and subprocess.run([found, *map(str, arguments)], capture_output=True).returncode == 0


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Freeing]:
    folder.mkdir()
    try:
        yield lambda: (folder / "ballast").unlink()
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True)


@contextlib.contextmanager
def _small_files(folder: Path) -> Iterator[Freeing]:
    folder.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    restore = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    try:
        yield restore
    finally:
        restore()
        signal.signal(signal.SIGXFSZ, handler)


Disk = tuple[Path, Callable[[], None], Freeing, str]


@pytest.fixture(params=["tmpfs", "file size limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """(folder, fill it, free it, which way)."""
    folder = tmp_path / "disk"
    if request.param == "tmpfs":
        with _small_disk(folder) as free:
            if not _mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder):
                pytest.skip("mounting is not permitted here; the file-size limit is tested instead")

            def fill() -> None:
                with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
                    while True:
                        file.write(bytes(4096))

            yield folder, fill, free, request.param
        return
    with _small_files(folder) as free:

        def limit() -> None:
            sizes = [f.stat().st_size for f in folder.rglob("store.db*") if not f.name.endswith("-shm")]
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes) // 4096 * 4096, hard))

        yield folder, limit, free, request.param


@pytest.fixture
def small(disk: Disk, store: Store) -> Iterator[Store]:
    found = choose(disk[0] / ".mlops")
    yield found
    disk[2]() if found.writer.failure else None
    with contextlib.suppress(MlopsError):
        found.close()


def test_the_work_goes_on_and_what_was_queued_is_written_when_there_is_space(disk: Disk, small: Store):
    _, fill, free, way = disk
    before = ActiveRun(small, "before")
    before.log_metric("x", 1.0)
    before.end("finished")
    small.writer.flush()
    run = ActiveRun(small, "during", params={"depth": 8})
    run.log_metric("x", 0.0, step=0)
    small.writer.flush()
    fill()
    done = 0
    for i in range(1, 60_001):  # never raises, never waits
        run.log_metric("x", float(i), step=i)
        done += i
    run.log_params(late=True)
    failure = small.writer.settle()
    assert isinstance(failure, StoreError)
    assert str(small.path) in failure.line()
    assert "\n" not in failure.line()
    if way == "tmpfs":
        assert "no space left" in failure.line()
        with pytest.raises(StoreError, match="no space left"):
            small.artifacts.put(os.urandom(1_000_000))
    with pytest.raises(StoreError):
        small.write(lambda c: c.execute("INSERT INTO key(name) VALUES (?)", ("x" * 500_000,)))
    run.end("finished")
    assert done == 60_000 * 60_001 // 2
    assert {r.id: r.status for r in ml.runs()}[before.id] == "finished"
    free()
    deadline = time.monotonic() + 20
    while not small.writer.idle and time.monotonic() < deadline:  # by itself
        time.sleep(0.05)
    assert small.writer.failure is None
    assert small.query(
        "SELECT count(*), max(value) FROM point p JOIN run r ON r.id = p.run WHERE r.ulid = ?", (run.id,)
    ) == [(60_001, 60_000.0)]
    assert {r.id: (r.status, r.params) for r in ml.runs()}[run.id] == ("finished", {"depth": 8, "late": True})
    assert ml.db.check().problems == ()


def test_backups_and_artifacts_on_a_full_disk_leave_no_half_files(disk: Disk, small: Store):
    folder, fill, free, way = disk
    with ActiveRun(small, "a") as run:
        for i in range(20_000):
            run.log_metric("x", float(i), step=i)
    small.writer.flush()
    if way != "tmpfs":
        pytest.skip("a limit on one file's size does not stop other files")
    fill()
    for act in (ml.db.backup, lambda: small.artifacts.put(os.urandom(500_000))):
        with pytest.raises(MlopsError, match="no space left") as caught:
            act()
        assert "\n" not in str(caught.value)
    assert [f for f in folder.rglob("*") if f.is_file() and (f.suffix == ".part" or f.name.startswith(".new"))] == []
    assert small.artifacts.names() == []
    free()


def test_a_store_that_can_not_even_be_made(disk: Disk, small: Store):
    if disk[3] != "tmpfs":
        pytest.skip("a limit on one file's size does not stop other files")
    disk[1]()
    assert list(ml.runs()) == []
    run = ActiveRun(small, "a")
    run.log_metric("x", 1.0)
    failure = small.writer.settle()
    assert failure is not None
    assert "\n" not in failure.line()
    disk[2]()
    run.end("finished")
    small.writer.flush()
    assert len(ml.runs()) == 1
    assert ml.db.check().problems == ()


@pytest.fixture
def read_only(store: Store) -> Iterator[Store]:
    """A store with one run, on a medium that can't be written."""
    with ActiveRun(store, "a", params={"depth": 8}) as run:
        run.log_metric("x", 1.0)
        run.log_artifact(b"hello", "greeting")
    store.close()
    if _mount("--bind", store.folder, store.folder) and _mount("-o", "remount,bind,ro", store.folder):
        yield store
        subprocess.run(["umount", "-l", store.folder], capture_output=True)
    elif os.geteuid():
        for path in (store.path, store.folder):
            path.chmod(0o555)
        yield store
        store.folder.chmod(0o755)
        store.path.chmod(0o644)
    else:
        pytest.skip("neither a mount nor permissions can make a folder read-only here")


def test_reading_works_and_writing_is_one_line(read_only: Store):
    store = read_only
    (run,) = ml.runs()
    assert (run.params, run.metrics) == ({"depth": 8}, {"x": 1.0})
    assert ml.show().artifacts[0].name == "greeting"
    assert ml.sql("SELECT value FROM metrics").rows == ((1.0,),)
    assert ml.db.check().problems == ()
    for act in (
        lambda: ml.note("last", "no"),
        lambda: ml.db.gc(),
        lambda: ml.db.backup(),
        lambda: ml.trash(run.id),
        lambda: store.artifacts.put(b"more"),
        lambda: store.write(lambda c: c.execute("DELETE FROM run")),
    ):
        with pytest.raises(StoreError, match=r"read-only.*MLOPS_NB_STORE=") as caught:
            act()
        assert "\n" not in str(caught.value)
    tracked = ActiveRun(store, "b")
    tracked.log_metric("x", 1.0)  # does not raise
    tracked.end("finished")
    failure = store.writer.settle()
    assert failure is not None
    assert "read-only" in failure.line()
    assert len(ml.runs()) == 1
    assert ml.doctor().exit_code == 1


def test_a_read_only_store_that_becomes_writable_takes_what_was_queued(read_only: Store):
    with ActiveRun(read_only, "b") as run:
        run.log_metric("x", 2.0)
    assert read_only.writer.settle() is not None
    subprocess.run(["umount", "-l", read_only.folder], capture_output=True)
    for path in (read_only.folder, read_only.path):
        path.chmod(0o755)
    read_only.writer.flush()
    assert sorted(r.experiment for r in ml.runs()) == ["a", "b"]
    assert open_store(read_only.folder) is read_only
    assert ml.db.check().problems == ()

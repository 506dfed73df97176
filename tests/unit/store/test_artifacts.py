from __future__ import annotations

import os
import threading

import pytest

from mlops_nb.errors import Corrupt, InvalidInput, NotFound
from mlops_nb.store.artifacts import digest
from mlops_nb.store.store import Store


def test_bytes_come_back_and_are_kept_once(store: Store):
    name = store.artifacts.put(b"hello")
    assert name == digest(b"hello") == store.artifacts.put(b"hello")
    assert store.artifacts.get(name) == b"hello"
    assert store.artifacts.names() == [name]
    assert store.artifacts.put(b"") in store.artifacts.names()
    assert [f.name for f in store.artifacts.folder.rglob("*") if f.is_file() and f.name.startswith(".")] == []


def test_a_flipped_byte_and_a_missing_file_are_named(store: Store):
    name = store.artifacts.put(b"hello")
    path = store.artifacts.path(name)
    path.write_bytes(b"hellp")
    with pytest.raises(Corrupt, match=f"{name[:12]} is damaged.*db check"):
        store.artifacts.get(name)
    path.unlink()
    with pytest.raises(NotFound, match=f"{name[:12]} is missing.*db check"):
        store.artifacts.get(name)
    assert store.artifacts.put(b"hello") == name
    assert store.artifacts.get(name) == b"hello"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 62 + "/x", "\x00" * 64]
)
def test_only_a_digest_becomes_a_path(store: Store, name: str):
    for act in (store.artifacts.get, store.artifacts.path, lambda n: store.artifacts.remove(n, 0)):
        with pytest.raises(InvalidInput, match="not an artifact digest"):
            act(name)


def test_many_threads_put_the_same_bytes(store: Store):
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(store.artifacts.put(b"x" * 100_000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert store.artifacts.get(found[0]) == b"x" * 100_000


def test_what_is_put_again_while_it_is_removed_stays(store: Store):
    """Whoever puts bytes may rely on them, however the two meet."""
    name = store.artifacts.put(b"hello")
    both = threading.Barrier(2)

    def remove() -> None:
        for _ in range(400):
            both.wait()
            store.artifacts.remove(name, unless_younger_s=60)
            both.wait()

    thread = threading.Thread(target=remove)
    thread.start()
    lost = 0
    for _ in range(400):
        if store.artifacts.names():
            os.utime(store.artifacts.path(name), (1, 1))
        both.wait()
        store.artifacts.put(b"hello")
        both.wait()
        lost += store.artifacts.names() != [name]
    thread.join()
    assert lost == 0
    assert store.artifacts.get(name) == b"hello"

"""Who acts: the system's word in a notebook, a checked name for a signed-in person; and what the audit keeps of it."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.store.actor import Who, acting, identify
from mlops_nb.store.store import Store


def _last(store: Store) -> tuple[str, str, dict[str, object]]:
    row = store.query("SELECT actor, action, detail FROM audit ORDER BY seq DESC LIMIT 1")[0]
    return row[0], row[1], json.loads(row[2])


def _add(store: Store, name: str) -> None:
    store.change(lambda c: c.execute("INSERT INTO key(name) VALUES (?)", (name,)), "add", f"key:{name}", n=1)


def test_who_acts_is_the_systems_word_unless_somebody_was_checked(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "eve")  # anybody may set it: the system is asked, not the environment
    user = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.delenv("MLOPS_NB_ACTOR", raising=False)
    folder = store.folder
    assert identify(folder) == Who(f"person:{user}", "", user)
    with acting("ada", verified="basic auth"):
        assert identify(folder) == Who("person:ada", "basic auth")
        with acting("person:grace", verified="oauth:github"):
            assert identify(folder) == Who("person:grace", "oauth:github")
        assert identify(folder).person == "ada"
    assert identify(folder).verified == ""
    monkeypatch.setenv("MLOPS_NB_ACTOR", "job:nightly")
    assert identify(folder) == Who("job:nightly", "", user)
    assert identify(folder).person == ""


def test_an_error_in_the_block_ends_it(store: Store):
    with pytest.raises(RuntimeError), acting("ada", verified="basic auth"):
        raise RuntimeError
    assert identify(store.folder).verified == ""


def test_the_audit_says_how_a_name_was_checked_although_the_writer_is_another_thread(store: Store):
    _add(store, "a")
    who, did, detail = _last(store)
    assert (did, detail) == ("add", {"n": 1})
    with acting("ada", verified="basic auth"):
        _add(store, "b")
    assert _last(store) == ("person:ada", "add", {"n": 1, "verified": "basic auth"})
    _add(store, "c")
    assert _last(store) == (who, "add", {"n": 1})
    assert store.verify_audit().fault == ""


def test_a_writer_that_started_inside_does_not_keep_the_name(store: Store):
    with acting("ada", verified="basic auth"):
        _add(store, "a")
    _add(store, "b")
    assert _last(store)[0] != "person:ada"
    assert "verified" not in _last(store)[2]


def test_threads_and_copied_contexts_do_not_carry_the_name(store: Store):
    seen: list[str] = []

    def verified() -> str:
        return identify(store.folder).verified

    async def elsewhere() -> str:
        return await asyncio.to_thread(verified)

    with ThreadPoolExecutor(1) as pool, acting("ada", verified="basic auth"):
        thread = threading.Thread(target=lambda: seen.append(verified()))
        thread.start()
        thread.join()
        seen.append(pool.submit(copy_context().run, verified).result())
        seen.append(asyncio.run(elsewhere()))
    assert seen == ["", "", ""]


def test_two_people_at_once_keep_their_names(store: Store):
    def work(name: str) -> None:
        for i in range(20):
            with acting(name, verified=f"oauth:{name}"):
                _add(store, f"{name}{i}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ["ada", "bob"]))
    rows = store.query("SELECT actor, subject, detail FROM audit WHERE action = 'add'")
    assert len(rows) == 40
    for who, subject, detail in rows:
        name = subject.removeprefix("key:")[:3]
        assert (who, json.loads(detail)["verified"]) == (f"person:{name}", f"oauth:{name}")


def test_a_caller_cannot_say_that_it_is_verified(store: Store):
    with pytest.raises(ValueError, match="not for a caller to say"):
        store.change(lambda c: c.execute("INSERT INTO key(name) VALUES ('x')"), "add", "key:x", verified="yes")
    assert store.query("SELECT count(*) FROM audit") == [(1,)]
    assert store.query("SELECT count(*) FROM key") == [(0,)]


def test_a_version_is_the_persons_who_registered_it(store: Store):
    model = LogisticRegression().fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])
    with acting("ada", verified="basic auth"):
        ml.register("flights", model)
    assert store.query("SELECT actor FROM version") == [("person:ada",)]
    assert _last(store)[0] == "person:ada"

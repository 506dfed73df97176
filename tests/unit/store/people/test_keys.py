"""Keys: who a kernel or a shell is, by a key of theirs; and that a key shows itself nowhere."""

from __future__ import annotations

import json
import os
import pickle
import pty
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused, StoreError
from mlops_nb.services import spare
from mlops_nb.store.actor import Who, acting, acting_by_key, checked, identify, user
from mlops_nb.store.artifacts import digest
from mlops_nb.store.people import changing, entries, keys
from mlops_nb.store.people.entries import Entry
from mlops_nb.store.store import Store
from mlops_nb.verbs import BY_NAME

FIXTURE = Path(__file__).parents[3] / "fixtures" / "people_format_1.json"


@pytest.fixture(autouse=True)
def nobody_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without keys, in a process that says nothing of who acts."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("MLOPS_NB_KEY", "MLOPS_NB_ACTOR", "MLOPS_NB_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ada(store: Store) -> Store:
    """A store with Ada and Grace."""
    changing.put(store, "ada", lambda _: Entry("approver"))
    changing.put(store, "grace", lambda _: Entry("editor"))
    return store


def _last(store: Store) -> tuple[str, dict[str, object]]:
    actor, detail = store.query("SELECT actor, detail FROM audit ORDER BY seq DESC LIMIT 1")[0]
    return actor, json.loads(detail)


def test_a_store_of_format_1_is_read_and_written_as_2(store: Store):
    store.folder.mkdir(parents=True)
    shutil.copy(FIXTURE, store.folder / "people.json")
    before = entries.read(store.folder)
    assert before["ada"].role == "approver"
    assert before["otto@example.org"] == Entry("editor", "", "", ())
    ml.people.key("ada")  # type: ignore[attr-defined]
    document = json.loads((store.folder / "people.json").read_text())
    assert document["format"] == 2
    assert document["people"]["otto@example.org"] == {"role": "editor"}
    after = entries.read(store.folder)["ada"]
    assert (after.role, after.password, len(after.key)) == ("approver", before["ada"].password, 64)


def test_a_key_makes_its_owner_known(ada: Store, monkeypatch: pytest.MonkeyPatch):
    key = ml.people.key("ada").secret  # type: ignore[attr-defined]
    assert keys.SHAPE.fullmatch(key)
    assert entries.read(ada.folder)["ada"].key == digest(key.encode())
    assert key not in (ada.folder / "people.json").read_text()
    monkeypatch.setenv("MLOPS_NB_KEY", key)
    monkeypatch.setenv("MLOPS_NB_ACTOR", "job:nightly")
    assert identify(ada.folder) == Who("person:ada", "key", user())
    ada.change(lambda c: None, "stage", "version:1/1")
    assert _last(ada) == ("person:ada", {"verified": "key"})
    with ml.track("flights") as run:
        ml.log_metric("auc", 0.9)
    ada.writer.flush()
    assert ada.query("SELECT actor FROM run WHERE ulid = ?", (run.id,)) == [("person:ada",)]
    with acting("grace", verified="basic auth"):
        assert identify(ada.folder).actor == "person:grace"


def test_the_system_s_names_of_a_person(ada: Store):
    assert ml.people.add("ada", system=["root", "ada", "root"]).system == ("root", "ada")  # type: ignore[attr-defined]
    ml.people.add("ada", role="editor")  # type: ignore[attr-defined]
    assert entries.read(ada.folder)["ada"] == Entry("editor", "", "", ("root", "ada"))
    assert ml.people.add("ada", system="ada").system == ("ada",)  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput, match="the system's user 'ada' is ada already"):
        ml.people.add("grace", system=["ada"])  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput, match="can't be a user of this system"):
        ml.people.add("grace", system=["a b"])  # type: ignore[attr-defined]
    assert identify(ada.folder).system == pwd.getpwuid(os.getuid()).pw_name


def test_a_new_key_replaces_the_old_one_at_once(ada: Store, monkeypatch: pytest.MonkeyPatch):
    old = ml.people.key("ada").secret  # type: ignore[attr-defined]
    monkeypatch.setenv("MLOPS_NB_KEY", old)
    assert identify(ada.folder).person == "ada"
    new = ml.people.key("ada").secret  # type: ignore[attr-defined]
    assert new != old
    assert identify(ada.folder).verified == ""
    monkeypatch.setenv("MLOPS_NB_KEY", new)
    assert identify(ada.folder).person == "ada"
    ml.people.remove("ada")  # type: ignore[attr-defined]
    assert identify(ada.folder).verified == ""


@pytest.mark.parametrize("key", ["mlnb_" + "0" * 64, "x", " ", "mlnb_\udcff", "é" * 5000])
def test_a_key_that_is_nobodys_stops_no_recording_but_what_needs_a_name(
    ada: Store, monkeypatch: pytest.MonkeyPatch, key: str
):
    monkeypatch.setenv("MLOPS_NB_KEY", key)
    who = identify(ada.folder)
    assert (who.actor, who.verified) == (f"person:{user()}", "")
    with ml.track("flights") as run:
        ml.log_metric("auc", 0.9)
    ml.note(run.id, "works")
    assert _last(ada) == (f"person:{user()}", {})
    with pytest.raises(Refused) as refused:
        checked(ada.folder, "an approval")
    said = str(refused.value)
    assert "an approval needs a name that was checked, and the key in MLOPS_NB_KEY is nobody's in" in said
    assert len(key) < 5 or key not in said
    assert len(said.splitlines()) == 1
    with pytest.raises(Refused, match="the key that was given is nobody's"), acting_by_key(ada.folder, key):
        raise AssertionError


def test_without_a_key_a_name_is_only_the_systems_word(ada: Store, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Refused, match="is only the system's word for it; try: mlops-nb people key"):
        checked(ada.folder, "an approval")
    monkeypatch.setenv("MLOPS_NB_ACTOR", "person:ada")
    with pytest.raises(Refused, match="person:ada is only the system's word for it"):
        checked(ada.folder, "an approval")
    with acting("ada", verified="basic auth"):
        assert checked(ada.folder, "an approval") == Who("person:ada", "basic auth")
    with acting("job:nightly", verified="key"), pytest.raises(Refused, match="a name that was checked"):
        checked(ada.folder, "an approval")


def test_damaged_people_let_nobody_be_anybody_and_recording_goes_on(ada: Store, monkeypatch: pytest.MonkeyPatch):
    key = ml.people.key("ada").secret  # type: ignore[attr-defined]
    monkeypatch.setenv("MLOPS_NB_KEY", key)
    (ada.folder / "people.json").write_text("{")
    assert identify(ada.folder).verified == ""
    ada.change(lambda c: None, "note", "run:x")
    with pytest.raises(Refused, match=r"people\.json can't be used"):
        checked(ada.folder, "an approval")
    with pytest.raises(StoreError, match="so nobody can sign in"), acting_by_key(ada.folder, key):
        raise AssertionError


def test_acting_by_a_key_that_is_given(ada: Store, monkeypatch: pytest.MonkeyPatch):
    key = ml.people.key("grace").secret  # type: ignore[attr-defined]
    monkeypatch.setenv("MLOPS_NB_KEY", ml.people.key("ada").secret)  # type: ignore[attr-defined]
    with acting_by_key(ada.folder, f" {key}\n"):
        assert identify(ada.folder) == Who("person:grace", "key", user())
        ada.change(lambda c: None, "approve", "version:1/1")
    assert _last(ada) == ("person:grace", {"verified": "key"})
    assert identify(ada.folder).person == "ada"


def test_a_key_of_one_project_is_nobodys_in_another(ada: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLOPS_NB_KEY", ml.people.key("ada").secret)  # type: ignore[attr-defined]
    assert identify(ada.folder).verified == "key"
    assert identify(tmp_path / "another" / ".mlops").verified == ""


def test_a_key_that_is_kept_is_the_users(ada: Store, monkeypatch: pytest.MonkeyPatch):
    made = ml.people.key("ada", keep=True)  # type: ignore[attr-defined]
    path = Path(made.kept)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.name == digest(made.secret.encode())
    assert path.read_text().strip() == made.secret
    assert identify(ada.folder) == Who("person:ada", "key", user())
    monkeypatch.setenv("MLOPS_NB_ACTOR", "job:nightly")
    assert identify(ada.folder) == Who("job:nightly", "", user()), "a job of ada's is not ada"
    monkeypatch.delenv("MLOPS_NB_ACTOR")
    monkeypatch.setenv("MLOPS_NB_KEY", "nobody's")
    assert identify(ada.folder).verified == "", "a key that is wrong is not made good by one that is kept"
    monkeypatch.delenv("MLOPS_NB_KEY")
    ml.people.key("ada")  # type: ignore[attr-defined]
    assert not path.exists()
    assert identify(ada.folder).verified == ""


def test_of_two_keys_that_are_kept_nobody_knows_who_acts(ada: Store):
    ml.people.key("ada", keep=True)  # type: ignore[attr-defined]
    assert identify(ada.folder).person == "ada"
    ml.people.key("grace", keep=True)  # type: ignore[attr-defined]
    assert identify(ada.folder).verified == ""


def test_a_file_with_the_name_of_a_key_is_no_key(ada: Store):
    ml.people.key("ada")  # type: ignore[attr-defined]
    path = keys.folder() / entries.read(ada.folder)["ada"].key
    path.parent.mkdir(parents=True)
    path.write_text("mlnb_" + "0" * 64)
    assert identify(ada.folder).verified == ""
    path.write_bytes(b"\xff")
    os.utime(path.parent)
    assert identify(ada.folder).verified == ""


def test_a_key_that_can_not_be_kept_changes_nothing(ada: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = ml.people.key("ada").secret  # type: ignore[attr-defined]
    (tmp_path / "blocked").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "blocked"))
    with pytest.raises(StoreError, match="the key can't be kept in"):
        ml.people.key("ada", keep=True)  # type: ignore[attr-defined]
    assert entries.read(ada.folder)["ada"].key == keys.digest(before)
    with pytest.raises(NotFound, match="nobody called 'adaa'; did you mean 'ada'"):
        ml.people.key("adaa", keep=True)  # type: ignore[attr-defined]


def test_a_key_shows_itself_nowhere_but_where_it_is_asked_for(ada: Store):
    made = ml.people.key("ada")  # type: ignore[attr-defined]
    shown = [repr(made), str(made), f"{made}", made._repr_html_(), made.to_json(), repr(asdict(made))]
    shown += [repr(pickle.dumps(made)), repr({f.name: getattr(made, f.name) for f in fields(made)}), repr([made])]
    shown += [repr(ml.people()), ml.people().to_json(), repr(ml.people().df), repr(ada.query("SELECT * FROM audit"))]
    assert not any(made.secret in text or made.secret[10:] in text for text in shown)
    assert ".secret" in repr(made)
    assert "MLOPS_NB_KEY" in repr(made)
    assert [one.key for one in ml.people()] == [True, False]
    assert _last(ada)[1] == {"role": "approver", "password": "none", "key": "set"}


def test_in_a_cell_and_in_what_is_recorded_it_is_masked(ada: Store):
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mlops_nb")
    try:
        made = shell.run_line_magic("mlops", "people key ada")
        assert made.secret not in repr(made)
        with ml.track("flights", params={"note": made.secret}) as run:
            ml.set_tags(used=f"with {made.secret}")
        ml.note(run.id, f"ran with {made.secret}")
    finally:
        shell.run_line_magic("unload_ext", "mlops_nb")
        InteractiveShell.clear_instance()
    ada.writer.flush()
    kept = [ada.query(f"SELECT * FROM {table}") for table in ("param", "tag", "run", "audit")]
    assert made.secret not in repr(kept)
    assert made.secret.encode() not in ada.path.read_bytes()


def test_what_goes_on_by_itself_does_not_act_for_whoever_started_it(ada: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLOPS_NB_KEY", ml.people.key("ada").secret)  # type: ignore[attr-defined]
    process = spare._start(ada.folder, ())
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert b"MLOPS_NB_STORE=" in environment
        assert b"mlnb_" not in environment
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _run(store: Store, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_nb", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "MLOPS_NB_STORE": str(store.folder)},
        check=False,
    )


def test_a_shell_without_a_terminal_prints_it_only_when_told(ada: Store):
    done = _run(ada, "people", "key", "ada")
    assert done.returncode == 0, done.stderr
    assert "mlnb_" not in done.stdout + done.stderr
    done = _run(ada, "people", "key", "ada", "--show", "--json")
    assert "mlnb_" not in done.stdout + done.stderr
    done = _run(ada, "people", "key", "ada", "--show")
    assert keys.digest(done.stdout) == entries.read(ada.folder)["ada"].key, "a script gets the key alone"
    assert "mlnb_" not in done.stderr
    assert "secret" not in {argument.name for argument in _arguments("people key")}


def _arguments(name: str) -> tuple[object, ...]:
    from mlops_nb.faces.commands import arguments

    return arguments(BY_NAME[name])


@pytest.mark.parametrize(("kernel", "times"), [("", 1), ("1234", 0)])
def test_a_terminal_shows_it_once_and_a_notebooks_shell_does_not(ada: Store, kernel: str, times: int):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["MLOPS_NB_STORE"] = str(ada.folder)
        os.environ.pop("JPY_PARENT_PID", None)
        if kernel:
            os.environ["JPY_PARENT_PID"] = kernel
        os.execv(sys.executable, [sys.executable, "-m", "mlops_nb", "people", "key", "ada"])
    seen = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    found = keys.SHAPE.findall(seen.decode())
    assert len(found) == times
    assert [keys.digest(one) for one in found] == [entries.read(ada.folder)["ada"].key] * times

"""The people of a project: what is kept of them, who may do what, and what a damaged file does."""

from __future__ import annotations

import json
import stat

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound, Refused, StoreError
from mlops_nb.store.actor import acting
from mlops_nb.store.people import changing, passwords
from mlops_nb.store.people import entries as people
from mlops_nb.store.people.entries import Entry, Person, allowed, require
from mlops_nb.store.store import Store

PASSWORD = "correct horse battery"


def _put(store: Store, name: str, role: str, password: str = "") -> None:
    changing.put(store, name, lambda _: Entry(role, password))


def test_a_password_is_kept_as_a_hash_that_differs_each_time():
    one, two = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)
    assert one != two
    assert one.startswith("scrypt$32768$8$3$")
    assert passwords.matches(PASSWORD, one)
    assert passwords.matches(PASSWORD, two)
    assert not passwords.matches(PASSWORD + " ", one)
    assert not passwords.matches("", "")
    assert not passwords.matches(PASSWORD, "")


def test_a_letter_typed_as_two_characters_is_the_same_letter():
    assert passwords.matches("re\u0301sume\u0301 1234", passwords.hashed("r\u00e9sum\u00e9 1234"))


_END = "AA==$" + "A" * 43 + "="


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "x",
        "scrypt$1$8$1$AA==$AA==",
        f"scrypt$3$8$1${_END}",
        f"scrypt$2097152$32$1${_END}",
        f"scrypt$32768$8$99${_END}",
        f"bcrypt$32768$8$3${_END}",
    ],
)
def test_a_hash_that_is_none_or_too_dear_is_refused(kept: str):
    with pytest.raises(ValueError, match="a password hash"):
        passwords.parsed(kept)


def test_only_the_owner_reads_the_file_and_it_holds_no_password(store: Store):
    _put(store, "ada", "editor", passwords.hashed(PASSWORD))
    path = store.folder / "people.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = json.loads(path.read_text())
    assert set(document) == {"format", "people"}
    assert document["people"]["ada"]["role"] == "editor"
    assert PASSWORD not in path.read_text()


def test_name_and_password_go_together(store: Store):
    _put(store, "ada", "editor", passwords.hashed(PASSWORD))
    _put(store, "otto@example.org", "approver")
    assert people.check(store.folder, "ada", PASSWORD) == Person("ada", "editor")
    for name, password in (("ada", "wrong password"), ("Ada", PASSWORD), ("eve", PASSWORD), ("otto@example.org", "")):
        assert people.check(store.folder, name, password) is None


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (None, {"read"}),
        ("viewer", {"read"}),
        ("editor", {"read", "write"}),
        ("approver", {"read", "write", "approve"}),
    ],
)
def test_what_each_role_may_do(store: Store, role: str | None, may: set[str]):
    person = Person("ada", role) if role else None
    if role:
        _put(store, "ada", role)
    for access in ("read", "write", "approve"):
        assert allowed(person, access) is (access in may)  # type: ignore[arg-type]
        if access in may and person:
            assert require(person, access) == person  # type: ignore[arg-type]
        elif access not in may:
            with pytest.raises(Refused) as refused:
                require(person, access)  # type: ignore[arg-type]
            assert "try: " in str(refused.value)
            assert "\n" not in str(refused.value)


def test_a_role_that_was_taken_away_counts_at_once(store: Store):
    _put(store, "ada", "editor")
    ada = Person("ada", "editor")
    assert require(ada, "write") == ada
    _put(store, "ada", "viewer")
    with pytest.raises(Refused, match="ada is a viewer of this project, and only an editor may do this"):
        require(ada, "write")
    changing.remove(store, "ada")
    with pytest.raises(Refused, match="mlops-nb people add ada --role editor"):
        require(ada, "write")


TWO_WITH_ONE_KEY = json.dumps(
    {"format": 2, "people": {name: {"role": "editor", "key": "0" * 64} for name in ("ada", "bob")}}
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("\xff\xfe", "it is no JSON"),
        ("[]", "it is not a list of people"),
        ('{"format": 1}', "it is not a list of people"),
        ('{"format": 3, "people": {}}', "its format is 3, this version reads 1 to 2"),
        ('{"format": true, "people": {}}', "its format is True"),
        ('{"format": 2, "people": {"ada": {"role": "editor", "key": "x"}}}', "the key of 'ada' is not one"),
        ('{"format": 2, "people": {"ada": {"role": "editor", "system": "ada"}}}', "the system's names of 'ada'"),
        ('{"format": 2, "people": {"ada": {"role": "editor", "system": ["a b"]}}}', "the system's names of 'ada'"),
        (TWO_WITH_ONE_KEY, "two people have one key"),
        ('{"format": 1, "people": {"ada": {"role": "king"}}}', "its entry 'ada' is not a person with a role"),
        ('{"format": 1, "people": {"../x": {"role": "editor"}}}', "is not a person with a role"),
        ('{"format": 1, "people": {"ada": {"role": "editor", "password": 7}}}', "the password of 'ada' is not one"),
        ('{"format": 1, "people": {"ada": {"role": "editor", "password": "secret"}}}', "a password hash is not one"),
        ("[" * 100_000, "can't be used"),
    ],
    ids=range(16),
)
def test_a_damaged_file_is_one_sentence_and_lets_nobody_in(store: Store, text: str, why: str):
    store.folder.mkdir(parents=True)
    (store.folder / "people.json").write_bytes(text.encode("latin-1"))
    for look in (
        lambda: people.read(store.folder),
        lambda: people.check(store.folder, "ada", PASSWORD),
        lambda: require(Person("ada", "approver"), "write"),
        lambda: _put(store, "eve", "approver"),
        lambda: changing.remove(store, "ada"),
        ml.people,
    ):
        with pytest.raises(StoreError, match="so nobody can sign in") as refused:
            look()
        assert why in str(refused.value)
        assert "\n" not in str(refused.value)
    assert (store.folder / "people.json").read_bytes() == text.encode("latin-1")


@pytest.mark.parametrize(
    "name", ["", " ", "../ada", "-ada", "a\nb", "guest", "Guest", "ada/1", "x" * 129, "<b>", "a\u202eb"]
)
def test_names_that_can_not_be(store: Store, name: str):
    with pytest.raises(InvalidInput, match="can't be a person's name"):
        _put(store, name, "editor")
    assert not (store.folder / "people.json").exists()


def test_two_names_do_not_differ_in_capitals_only(store: Store):
    _put(store, "ada", "editor")
    with pytest.raises(InvalidInput, match="there is 'ada' already"):
        _put(store, "Ada", "approver")
    with pytest.raises(NotFound, match="did you mean 'ada'"):
        changing.remove(store, "adaa")


def test_a_change_is_in_the_audit_log_without_the_password_and_not_done_when_that_fails(store: Store):
    kept = passwords.hashed(PASSWORD)
    with acting("root", verified="basic auth"):
        _put(store, "ada", "viewer", kept)
    changing.put(store, "ada", lambda old: Entry("editor", old.password))  # type: ignore[union-attr]
    changing.remove(store, "ada")
    rows = store.query("SELECT actor, action, subject, detail FROM audit WHERE subject = 'person:ada' ORDER BY seq")
    assert [(r[1], json.loads(r[3])) for r in rows] == [
        ("add person", {"role": "viewer", "password": "set", "verified": "basic auth"}),
        ("change person", {"role": "editor", "password": "kept"}),
        ("remove person", {"role": "editor"}),
    ]
    assert rows[0][0] == "person:root"
    assert not any("scrypt" in str(r) for r in rows)
    store.write(lambda c: c.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"))
    before = (store.folder / "people.json").read_bytes()
    with pytest.raises(Exception, match="no"):
        _put(store, "eve", "approver")
    assert (store.folder / "people.json").read_bytes() == before


def test_an_editors_note_is_in_the_audit_log_as_verified(store: Store):
    with ml.track("flights") as run:
        ml.log_metric("auc", 0.9)
    _put(store, "ada", "editor")
    person = require(Person("ada", "editor"), "write")
    with acting(f"person:{person.name}", verified="basic auth"):
        ml.note("last", "looks good")
    ml.note("last", "from a notebook")
    rows = store.query("SELECT actor, detail FROM audit WHERE action = 'note' AND subject = ?", (f"run:{run.id}",))
    assert rows[0][0] == "person:ada"
    assert json.loads(rows[0][1]) == {"verified": "basic auth"}
    assert "verified" not in json.loads(rows[1][1])
    assert store.verify_audit().fault == ""

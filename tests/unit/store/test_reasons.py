"""Reasons: what may be one, that it stands beside the audit log, and that it can be erased."""

from __future__ import annotations

import json
import sqlite3

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.store import artifacts, reasons
from mlops_nb.store.store import Store

KEY = "mlnb_" + "0f" * 32


def _stage(store: Store, why: str) -> dict[str, object]:
    store.change(lambda c: None, "judge", "version:1/1", why=why)
    found: dict[str, object] = json.loads(store.query("SELECT detail FROM audit ORDER BY seq DESC LIMIT 1")[0][0])
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a reason is needed"),
        (" \n\t ", "a reason is needed"),
        ("x" * 10_001, "the reason has 10,001 characters; expected at most 10,000"),
        ("x" * 2**20, "the reason has 1,048,576 characters; expected at most 10,000"),
        ("a\x1b[31mb", "a control character (U+001B) at place 2"),
        ("\x00", "a control character (U+0000) at place 1"),
        ("abc\u202edef", "a control character (U+202E) at place 4"),
        ("lone \ud800", "a control character (U+D800) at place 6"),
        (7, "the reason is a int"),
        (None, "the reason is a NoneType"),
    ],
)
def test_what_is_no_reason(text: str, said: str):
    with pytest.raises(InvalidInput) as refused:
        reasons.checked(text, needed=True)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 200


def test_what_is_one():
    assert (
        reasons.checked("  auc is better\r\nand Grace agrees 👩‍🔬 ", needed=True)
        == "auc is better\nand Grace agrees 👩‍🔬"
    )
    assert reasons.checked("", needed=False) == ""
    assert len(reasons.checked("ß" * 10_000 + "  ", needed=True)) == 10_000
    assert KEY not in reasons.checked(f"I used {KEY} for it", needed=True)


def test_the_audit_log_has_a_digest_and_the_text_stands_beside_it(store: Store):
    detail = _stage(store, "Ada is ill")
    (row,) = store.query("SELECT digest, salt, body FROM reason")
    assert detail == {"why": row[0]}
    assert row[2] == "Ada is ill"
    assert row[0] == artifacts.digest((row[1] + "Ada is ill").encode())
    assert row[0] != artifacts.digest(b"Ada is ill"), "a bare digest of a short text can be guessed"
    assert "Ada" not in json.dumps(store.query("SELECT * FROM audit"))
    assert _stage(store, "Ada is ill") != detail, "the same words twice are two reasons"
    assert reasons.texts(store, [row[0], "", row[0]]) == {row[0]: "Ada is ill", "": ""}


def test_one_reason_of_a_row_and_of_the_audit_log_is_kept_once(store: Store):
    why = reasons.checked("it is better", needed=True)
    kept: list[str] = []
    store.change(lambda c: kept.append(reasons.keep(c, why)), "judge", "version:1/1", why=why)
    assert store.query("SELECT digest, body FROM reason") == [(kept[0], "it is better")]
    assert ml.audit()[0].why == "it is better"


def test_a_change_without_a_reason_has_none(store: Store):
    assert _stage(store, "") == {}
    assert _stage(store, "  ") == {}
    assert store.query("SELECT count(*) FROM reason") == [(0,)]
    with pytest.raises(InvalidInput, match="10,001 characters"):
        _stage(store, "x" * 10_001)
    assert store.verify_audit().rows == 3


def test_a_refused_change_leaves_no_reason(store: Store):
    _stage(store, "")

    def refuse(connection: sqlite3.Connection) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.change(refuse, "judge", "version:1/1", why="never")
    assert store.query("SELECT count(*) FROM reason") == [(0,)]


def test_an_erased_reason_says_so_and_the_chain_holds(store: Store):
    _stage(store, "Ada is ill")
    _stage(store, "it is better")
    store.write(lambda c: c.execute("DELETE FROM reason WHERE body LIKE 'Ada%'"))
    assert [row.why for row in ml.audit(limit=2)] == ["it is better", "(erased)"]
    assert ml.audit.verify().exit_code == 0  # type: ignore[attr-defined]


def test_a_reason_can_not_be_rewritten_and_by_force_it_shows(store: Store):
    _stage(store, "it is worse")
    with pytest.raises(sqlite3.IntegrityError, match="erased, not rewritten"):
        store.write(lambda c: c.execute("UPDATE reason SET body = 'it is better'"))
    store.write(lambda c: c.execute("DROP TRIGGER reason_no_update"))
    store.write(lambda c: c.execute("UPDATE reason SET body = 'it is better'"))
    verdict = ml.audit.verify()  # type: ignore[attr-defined]
    assert verdict.contradictions == ("the reason of audit row 2 is not the one that was given",)
    assert (verdict.fault, verdict.exit_code) == ("", 1)
    assert "does not agree with its audit log" in repr(verdict)


def test_gc_leaves_reasons(store: Store):
    with ml.track("flights"):
        ml.log_metric("auc", 0.9)
    _stage(store, "it is better")
    ml.trash("flights", kind="experiment")
    ml.db.gc(days=0)  # type: ignore[attr-defined]
    assert store.query("SELECT count(*) FROM run") == [(0,)]
    assert store.query("SELECT body FROM reason") == [("it is better",)]


@pytest.mark.parametrize("text", ["", "two\nlines\x1b[31m", "x" * 50_000, "\ud800", f"no {KEY}"])
def test_whatever_an_error_says_is_a_reason(store: Store, text: str):
    why = reasons.of_error(RuntimeError(text))
    assert _stage(store, why)
    (body,) = store.query("SELECT body FROM reason")[0]
    assert 0 < len(body) <= 10_000
    assert "\x1b" not in body
    assert KEY not in body

"""Gates are asked one by one, and whatever goes wrong keeps closed."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

import mlops_nb as ml
from mlops_nb.errors import Refused
from mlops_nb.registry.gates import own
from mlops_nb.registry.gates.model import Judged
from mlops_nb.registry.gates.running import together
from mlops_nb.store.store import Store

from .making import audit, define, one, rows, version


@pytest.fixture(autouse=True)
def no_gates_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_own", {})


def asking(answer, name: str = "mine"):
    """A gate that calls `answer`, alone before production."""

    def mine(asked):
        return answer(asked)

    mine.__name__ = name
    ml.gate(mine)
    define(name)
    return one("m/1", name)


class _Evil(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


class _Mute:
    def __repr__(self) -> str:
        raise SystemExit


def _raise(error: BaseException):
    raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("a\nb"), "the gate raised ValueError: 'a'"),
        (SystemExit(0), "the gate raised SystemExit"),
        (KeyboardInterrupt(), "the gate raised KeyboardInterrupt"),
        (MemoryError(), "the gate raised MemoryError"),
        (GeneratorExit(), "the gate raised GeneratorExit"),
        (RecursionError("deep"), "the gate raised RecursionError"),
        (_Evil(), "the gate raised _Evil"),
        (ValueError("x" * 1_000_000), "the gate raised ValueError"),
        (ValueError("\x1b[31m\x00"), "the gate raised ValueError"),
        (Refused("no\nway", fix="go home"), "no way; try: go home"),
    ],
)
def test_a_gate_that_raises_is_closed(store: Store, error: BaseException, said: str):
    version()
    found = asking(lambda _: _raise(error))
    assert found.verdict == "insufficient"
    assert said in found.says
    assert len(found.says) <= 1000
    assert found.says.isprintable()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (True, "pass"),
        (False, "fail"),
        ("pass", "pass"),
        ("insufficient", "insufficient"),
        ((True, "as it was asked"), "pass"),
        (("fail", "too late\nby far"), "fail"),
        (Judged("pass", "fine", 0.5, 0.25), "pass"),
        (Judged("fail", "bad", float("inf")), "fail"),
        # No verdict is no pass.
        (np.True_, "insufficient"),
        (np.array([True]), "insufficient"),
        (np.array([]), "insufficient"),
        (None, "insufficient"),
        (1, "insufficient"),
        ("yes", "insufficient"),
        ("PASS", "insufficient"),
        ((True, "a", "b"), "insufficient"),
        ((True, 5), "insufficient"),
        ((np.True_, "a"), "insufficient"),
        (_Mute(), "insufficient"),
        (Judged("pass", "x", float("nan")), "insufficient"),
        (Judged("pass", "x", low=float("-inf")), "insufficient"),
        (Judged("pass", "x", threshold=float("nan")), "insufficient"),
        (Judged("pass", "x", value="much"), "insufficient"),  # type: ignore[arg-type]
        (Judged("pass", "x", value=np.array([1.0, 2.0])), "insufficient"),  # type: ignore[arg-type]
        (Judged("pass", None), "insufficient"),  # type: ignore[arg-type]
        (Judged("pass", "x", fix=3), "insufficient"),  # type: ignore[arg-type]
        (Judged("pass", "x", n="many"), "insufficient"),  # type: ignore[arg-type]
        (Judged("pass", "x", dataset=b"\x00"), "insufficient"),  # type: ignore[arg-type]
        (Judged("perhaps", "x"), "insufficient"),  # type: ignore[arg-type]
        (Judged(True, "x"), "insufficient"),  # type: ignore[arg-type]
        (Judged, "insufficient"),
    ],
)
def test_only_a_verdict_is_one(store: Store, answer: object, verdict: str):
    version()
    found = asking(lambda _: answer)
    assert found.verdict == verdict
    assert found.says
    assert found.says.isprintable()
    stored = store.query("SELECT verdict FROM gate_result WHERE gate = 'mine'")
    assert stored == [(verdict,)]


def test_numbers_of_numpy_are_kept_as_numbers(store: Store):
    version()
    found = asking(lambda _: Judged("pass", "x", np.float32(0.5), n=np.int64(7)))  # type: ignore[arg-type]
    assert (found.value, type(found.value), found.n, type(found.n)) == (0.5, float, 7, int)


def test_a_gate_that_hangs_is_closed_and_ended(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLOPS_NB_GATE_LIMIT_S", "1")
    version()
    ended = []

    def hang(_):
        try:
            while True:
                time.sleep(0.01)
        finally:
            ended.append(True)

    found = asking(hang)
    assert found.verdict == "insufficient"
    assert "did not answer within 1 s" in found.says
    assert found.took_us >= 1_000_000
    deadline = time.monotonic() + 20
    while not ended and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ended == [True]


_STUBBORN = """
import sys, time
import mlops_nb as ml
from mlops_nb.store.store import choose

choose(sys.argv[1])


@ml.gate
def stubborn(asked):
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass


print(ml.gates.run("m/1").results[-1].verdict, flush=True)
"""


def test_a_gate_that_can_not_be_ended_does_not_hold_up_the_process(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLOPS_NB_GATE_LIMIT_S", "1")
    version()
    ml.gate(named("stubborn"))
    define("stubborn")
    store.writer.close()
    done = subprocess.run(
        [sys.executable, "-c", _STUBBORN, str(store.folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "insufficient\n", "")


def named(name: str):
    def found(asked):
        return True

    found.__name__ = name
    return found


def test_a_gate_that_this_process_does_not_know_is_closed(store: Store):
    version()
    asking(lambda _: True)
    assert ml.gates.run("m/1").verdict == "pass"
    own._own.clear()
    found = one("m/1", "mine")
    assert found.verdict == "insufficient"
    assert "no gate is called 'mine'" in found.says
    assert "@ml.gate" in found.fix
    ml.stage("m/1", "staging", reason="x")
    with pytest.raises(Refused, match="m/1 may not enter production"):
        ml.stage("m/1", "production", reason="x")


def test_a_gate_whose_options_are_gone_is_closed(store: Store):
    version()

    @ml.gate
    def mine(asked, *, n: int = 3):
        return n == 4

    define("mine n=4")
    assert one("m/1", "mine").verdict == "pass"

    ml.gate(named("mine"))
    assert one("m/1", "mine").verdict == "insufficient"


def test_what_a_gate_does_to_what_it_is_given_touches_no_other(store: Store):
    version()
    ml.evaluate("m/1", rows(), target="late")

    @ml.gate
    def spoils(asked):
        asked.__dict__["evaluation"] = None
        return True

    seen = []

    @ml.gate
    def looks(asked):
        seen.append((int(asked.predictions[0].truth.sum()), asked.evaluation is not None))
        return True

    define("spoils", "looks", "metric accuracy >= 0.5")
    found = ml.gates.run("m/1")
    assert [r.verdict for r in found.results] == ["pass"] * 6
    assert seen == [(int(rows().late.sum()), True)]


def test_what_they_say_is_kept_with_digests_and_an_audit_row(store: Store):
    version()
    evaluation = ml.evaluate("m/1", rows(), target="late")
    define("metric accuracy >= 0.99")
    found = ml.gates.run("m/1")
    assert (found.verdict, found.exit_code, found.policy, found.champion) == ("fail", 4, 1, None)
    metric = found.results[-1]
    assert (metric.dataset, metric.evidence, metric.digest) == (evaluation.dataset, evaluation.id, evaluation.digest)
    action, about = audit(store)[-1]
    assert action == "gates"
    assert {
        "stage": "production",
        "verdict": "fail",
        "checked": found.id,
        "evidence": found.digest,
    }.items() <= about.items()
    kept = store.query("SELECT gate, verdict, says, value, low, high, n FROM gate_result ORDER BY position")
    assert kept == [(r.gate, r.verdict, r.says, r.value, r.low, r.high, r.n) for r in found.results]
    again = ml.gates.run("m/1")
    assert again.digest == found.digest
    assert again.id != found.id
    define("metric accuracy >= 0.98")
    assert ml.gates.run("m/1").digest != found.digest


def test_the_worst_verdict_counts_and_none_at_all_is_no_pass():
    assert together([]) == "insufficient"
    assert together(["pass", "insufficient", "fail"]) == "fail"
    assert together(["pass", "insufficient"]) == "insufficient"
    assert together(["pass", "pass"]) == "pass"
    assert together(["pass", "else"]) == "insufficient"  # type: ignore[list-item]


def test_a_signed_in_person_is_not_who_a_gate_acts_as(store: Store):
    from mlops_nb.store.actor import acting, identify

    version()
    with acting("grace", "basic auth"):
        found = asking(lambda asked: (True, identify(asked.store.folder).verified or "nobody"))
        assert found.says == "nobody"
        assert ml.gates.run("m/1").actor == "person:grace"

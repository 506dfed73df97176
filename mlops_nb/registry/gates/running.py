"""Asks the gates before a stage, each within a time limit, and keeps what they said. It fails closed."""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import MlopsError, brief
from mlops_nb.gating import GATES
from mlops_nb.registry.documents import canonical
from mlops_nb.registry.gates import own
from mlops_nb.registry.gates.asking import Asked
from mlops_nb.registry.gates.grammar import bind
from mlops_nb.registry.gates.model import Gate, GateCheck, GateResult, Judged, Verdict
from mlops_nb.registry.gates.policies import gates_of, policy_of
from mlops_nb.registry.resolving import champion_of
from mlops_nb.store.actor import identify
from mlops_nb.store.artifacts import digest
from mlops_nb.store.ids import new_ulid, now_us
from mlops_nb.store.settings import whole

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.gates.model import Policy
    from mlops_nb.registry.model import Version
    from mlops_nb.store.store import Store

_ADD_CHECK = """
INSERT INTO gate_check (ulid, model, number, stage, policy, champion, verdict, digest, actor, verified, at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ADD_RESULT = """
INSERT INTO gate_result (checked, position, gate, verdict, says, value, threshold, n, low, high, dataset, evidence,
                         digest, took_us, fix) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SAYS = 1000


def check(store: Store, version: Version, stage: str) -> GateCheck:
    """Ask every gate before a stage for a version, and keep the answers.

    Args:
        store: Where.
        version: Which wants in.
        stage: `staging` or `production`.
    """
    policy = policy_of(store, version, stage)
    asked = Asked(store, version, stage, champion_of(store, version.model))
    limit = whole("gate_limit_s")
    # People's gates may change what they are given: each has its own.
    results = tuple(_result(gate, asked if gate.name in GATES else replace(asked), limit) for gate in gates_of(policy))
    return _keep(asked, policy, results)


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of several: the worst, and no gate at all is no pass."""
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts and all(one == "pass" for one in verdicts) else "insufficient"


def stamp(artifact: str, stage: str, policy: str | None, champion: int | None, results: Sequence[GateResult]) -> str:
    """The digest of a check: of the model's file, the policy, whom it was held against, and every answer."""
    listed = [{k: v for k, v in asdict(one).items() if k not in ("fix", "took_us")} for one in results]
    return digest(canonical([artifact, stage, policy, champion, listed]).encode())


def _result(gate: Gate, asked: Asked, limit: int) -> GateResult:
    began = time.perf_counter()
    judged = _within(lambda: _judged(gate, asked), limit)
    took = round((time.perf_counter() - began) * 1e6)
    return GateResult(gate=gate.text, took_us=took, **asdict(judged))


def _judged(gate: Gate, asked: Asked) -> Judged:
    try:
        function = own.find(gate.name)
        options = bind(gate, function)
    except MlopsError as error:
        return Judged("insufficient", error.what, fix=error.fix)
    return _sound(_understood(function(asked, **options)))


def _within(ask: Callable[[], Judged], limit: int) -> Judged:
    """What a gate answers, unless it raises or takes too long. It may be anybody's code."""
    outcome: list[Judged] = []

    def run() -> None:
        try:
            outcome.append(ask())
        except _Late:
            return
        except MlopsError as error:
            outcome.append(Judged("insufficient", _line(error.line())))
        except BaseException as error:  # noqa: BLE001 (a gate that breaks is closed, and says why)
            outcome.append(Judged("insufficient", _line(f"the gate raised {type(error).__name__}{_told(error)}")))

    thread = threading.Thread(target=run, name="mlops_nb-gate", daemon=True)
    thread.start()
    thread.join(limit)
    if outcome:
        return outcome[0]
    if thread.ident is not None:
        # It ends at its next bytecode; what hangs inside a library is left behind in its daemon thread.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Late))
    return Judged("insufficient", f"the gate did not answer within {limit} s (setting gate_limit_s)")


def _told(error: BaseException) -> str:
    try:
        line = str(error).split("\n", 1)[0]
    except Exception:  # noqa: BLE001 (an error that can't say what it is)
        return ""
    return f": {brief(line, 200)}" if line else ""


class _Late(BaseException):
    """Ends a gate that took too long."""


def _understood(answer: Any) -> Judged:
    """The answer of a gate: `Judged`, a bool, or a bool or verdict with a text."""
    if isinstance(answer, Judged):
        return answer
    verdict, says = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, "")
    if verdict is True or verdict is False:  # not "truthy": an array or a number is no verdict
        verdict = "pass" if verdict else "fail"
    if isinstance(verdict, str) and verdict in ("pass", "fail", "insufficient") and isinstance(says, str):
        return Judged(verdict, says or ("it says yes" if verdict == "pass" else "it says no"))  # type: ignore[arg-type]
    return Judged("insufficient", f"the gate answered {brief(answer)}, not True, False, a verdict or (one, why)")


def _sound(judged: Judged) -> Judged:
    """As it may be kept: NaN is no number, and nothing passes on one. What is no answer at all is none."""
    if judged.verdict not in ("pass", "fail", "insufficient"):
        return Judged("insufficient", f"the gate's verdict is {brief(judged.verdict)}")
    wrong = [one.name for one in fields(judged) if one.default == "" and not isinstance(getattr(judged, one.name), str)]
    if wrong or not isinstance(judged.says, str):
        return Judged("insufficient", f"the gate's {[*wrong, 'says'][0]!r} is no text")
    numbers = {name: getattr(judged, name) for name in ("value", "threshold", "low", "high")}
    broken = [name for name, value in numbers.items() if value is not None and not math.isfinite(float(value))]
    says = _line(judged.says)
    plain = {name: None if value is None or name in broken else float(value) for name, value in numbers.items()}
    verdict: Verdict = judged.verdict
    if broken and verdict == "pass":
        verdict, says = "insufficient", f"{broken[0]} is not a number: {says}"
    return Judged(
        verdict,
        says,
        plain["value"],
        plain["threshold"],
        n=None if judged.n is None else int(judged.n),
        low=plain["low"],
        high=plain["high"],
        dataset=_line(judged.dataset),
        evidence=_line(judged.evidence),
        digest=_line(judged.digest),
        fix=_line(judged.fix),
    )


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:_SAYS])


def _keep(asked: Asked, policy: Policy | None, results: tuple[GateResult, ...]) -> GateCheck:
    store, version, who = asked.store, asked.version, identify(asked.store.folder)
    champion = asked.champion.version if asked.champion else None
    verdict = together([one.verdict for one in results])
    name = stamp(version.artifact, asked.stage, policy.digest if policy else None, champion, results)
    found = GateCheck(
        id=new_ulid(),
        model=version.model,
        version=version.version,
        stage=asked.stage,
        policy=policy.revision if policy else None,
        champion=champion,
        verdict=verdict,
        results=results,
        digest=name,
        actor=who.actor,
        verified=who.verified,
        at_us=now_us(),
    )

    def write(connection: sqlite3.Connection) -> None:
        about = (version.model_id, version.version, asked.stage, policy.id if policy else None, champion)
        connection.execute(_ADD_CHECK, (found.id, *about, verdict, name, who.actor, who.verified, found.at_us))
        for position, one in enumerate(results):
            row = (one.gate, one.verdict, one.says, one.value, one.threshold, one.n, one.low, one.high)
            more = (one.dataset or None, one.evidence or None, one.digest or None, one.took_us, one.fix)
            connection.execute(_ADD_RESULT, (found.id, position, *row, *more))

    facts = {"stage": asked.stage, "verdict": verdict, "checked": found.id, "evidence": name}
    store.change(write, "gates", version.node, **facts)
    return found

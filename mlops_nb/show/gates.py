"""Gates, policies, approvals, and decisions that wait."""

from __future__ import annotations

from typing import Any

from mlops_nb.registry.gates.model import Approval, GateCheck, GateResult, Policy, Waiting
from mlops_nb.show import facts, page
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import seconds, when

SIGNS = {"pass": ("✓ pass", "good"), "fail": ("✗ fail", "bad"), "insufficient": ("? insufficient", "warn")}


def sign(verdict: str) -> str:
    """A verdict as HTML: a sign, and its word beside it."""
    return page.sign(*SIGNS[verdict])


def who(item: Any) -> str:
    """An actor, and how the name was checked."""
    name = item.actor.removeprefix("person:")
    return f"{name} ({item.verified})" if item.verified else f"{name} (the system's word)"


_RESULTS = (
    Column("gate", lambda r: r.gate),
    Column("verdict", lambda r: SIGNS[r.verdict][0], sign=lambda r: sign(r.verdict)),
    # Value, interval and threshold stand in the sentence; as numbers they are fields of the result.
    Column("says", lambda r: r.says, most=200),
    Column("n", lambda r: "" if r.n is None else f"{r.n:,}", right=True),
    Column("took", lambda r: seconds(r.took_us / 1e6), right=True),
)
_POLICIES = (
    Column("model", lambda p: p.model),
    Column("before", lambda p: p.stage),
    Column("gates", lambda p: "; ".join(p.gates), most=300),
    Column("revision", lambda p: str(p.revision), right=True),
    Column("by", who),
    Column("since", lambda p: when(p.created_us)),
)
_WAITING = (
    Column("version", lambda w: w.ref),
    Column("wants to enter", lambda w: w.stage),
    Column("says", lambda w: w.says),
    Column("other gates", lambda w: SIGNS[w.others][0], sign=lambda w: sign(w.others)),
    Column("by", lambda w: w.author.removeprefix("person:")),
    Column("asked", lambda w: when(w.asked_us)),
    Column("yours", lambda w: "yes" if w.mine else w.why),
)


def list_view(results: Any) -> TableView:
    """Results, policies, or what waits."""
    first = results.items[0]
    columns = {Policy: _POLICIES, Waiting: _WAITING}.get(type(first), _RESULTS)
    return TableView(columns, results.items, results.note)


def view(value: Any) -> Any:
    """One of them."""
    if isinstance(value, GateCheck):
        return CheckView(value)
    if isinstance(value, Approval):
        return facts.FactsView(_approval(value), f"{value.ref}  {value.stage}")
    if isinstance(value, Policy):
        return facts.FactsView(_policy(value), f"{value.model}: before {value.stage}")
    if isinstance(value, GateResult):
        return facts.FactsView(_result(value), value.gate)
    return facts.FactsView(_waiting(value), f"{value.ref}  {value.stage}")


def _result(one: GateResult) -> list[tuple[str, str]]:
    return [(column.title, column.cell(one)) for column in _RESULTS[1:]]


def _waiting(one: Waiting) -> list[tuple[str, str]]:
    return [(column.title, column.cell(one)) for column in _WAITING[2:]]


def _approval(one: Approval) -> list[tuple[str, str]]:
    word = "✓ approved" if one.verdict == "approve" else "✗ rejected"
    return [("verdict", word), ("by", who(one)), ("when", when(one.at_us)), ("why", one.reason)]


def _policy(one: Policy) -> list[tuple[str, str]]:
    named = [("gate" if i == 0 else " " * i, text) for i, text in enumerate(one.gates)]
    return [*named, ("revision", str(one.revision)), ("by", who(one)), ("since", when(one.created_us))]


class CheckView:
    """What each gate said, under the verdict of all."""

    def __init__(self, check: GateCheck) -> None:
        self.check = check
        note = "" if check.policy is not None else "no policy: only what every version must pass was asked"
        self.table = TableView(_RESULTS, check.results, note)

    @property
    def _head(self) -> str:
        passed = sum(one.verdict == "pass" for one in self.check.results)
        return f"{self.check.ref} → {self.check.stage}: {passed} of {len(self.check.results)} gates pass"

    def text(self) -> str:
        """As text."""
        ways = [f"try: {one.fix}" for one in self.check.closed if one.fix]
        return "\n".join([f"{SIGNS[self.check.verdict][0]}  {self._head}", self.table.text(), *dict.fromkeys(ways)])

    def html(self) -> str:
        """As HTML."""
        head = f'<div style="margin-bottom:6px">{sign(self.check.verdict)} &nbsp; {page.strong(self._head)}</div>'
        ways = dict.fromkeys(one.fix for one in self.check.closed if one.fix)
        fixes = "".join(f'<div style="margin-top:4px">{page.muted("try")} {page.mono(way)}</div>' for way in ways)
        return page.frame(head, self.table.html(), fixes)

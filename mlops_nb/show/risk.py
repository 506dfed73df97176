"""Hazards with their levels, the table that these come from, who accepts them, and what errors cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_nb.registry.risks.model import SEVERITIES, TABLE
from mlops_nb.show import page
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, when

if TYPE_CHECKING:
    from mlops_nb.registry.risks.model import Amount, Hazard, Risk

SIGNS = {"low": ("● low", "good"), "medium": ("▲ medium", "warn"), "high": ("■ high", "bad")}


def view(value: Risk) -> RiskView:
    """The risk of one version."""
    return RiskView(value)


def list_view(results: Any) -> TableView:
    """Risks of versions."""
    columns = (
        Column("version", lambda r: r.ref),
        Column("hazards", lambda r: str(len(r.hazards)), right=True),
        Column("highest left", lambda r: SIGNS[r.residual][0] if r.residual else ""),
        Column("accepted", lambda r: when(r.accepted.at_us) if r.accepted else "no"),
    )
    return TableView(columns, results.items, results.note)


class RiskView:
    """The hazards of a version."""

    def __init__(self, risk: Risk) -> None:
        self.risk = risk
        columns = (
            Column("hazard", lambda h: h.text, sign=lambda h: _wrapped(h.text)),
            Column("likelihood", lambda h: h.likelihood),
            Column("severity", lambda h: h.severity),
            Column("level", lambda h: SIGNS[h.level][0], sign=lambda h: page.sign(*SIGNS[h.level])),
            Column("mitigation", lambda h: h.mitigation, sign=lambda h: _wrapped(h.mitigation)),
            Column("left", lambda h: SIGNS[h.residual][0], sign=lambda h: page.sign(*SIGNS[h.residual])),
            Column("from", self._from),
        )
        self.table = TableView(columns, risk.hazards)

    def _from(self, one: Hazard) -> str:
        return f"carried over from {self.risk.model}/{one.carried}" if one.carried else ""

    @property
    def _head(self) -> str:
        count = len(self.risk.hazards)
        return f"{self.risk.ref}: {count or 'no'} hazard{'' if count == 1 else 's'}"

    @property
    def _accepted(self) -> str:
        found = self.risk.accepted
        if found is None:
            return "not accepted: the hazards changed since they were" if self.risk.void else "not accepted"
        by = found.actor.removeprefix("person:")
        return f"accepted by {by} ({found.verified}), {when(found.at_us)}: {cut(found.reason, 300)}"

    @property
    def _cost(self) -> list[str]:
        found = self.risk.expected
        if found.cost is None:
            return [f"expected cost of errors cannot be said: {found.why}"]
        unit = f" {cut(found.unit, 30)}" if found.unit else ""
        lines = [f"expected cost of errors per 1,000 decisions: {amount(found.cost)}{unit}"]
        if found.net is not None:
            lines.append(f"gains minus that: {amount(found.net)}{unit}")
        if found.rule is not None:
            lines.append(f"always answering {cut(found.answer, 30)} would cost {amount(found.rule)}{unit}")
        return [*lines, f"at the shares found on {found.rows:,} rows; 95 % intervals by {found.method}"]

    def text(self) -> str:
        """As text."""
        hazards = [self.table.text()] if self.risk.hazards else []
        levels = TableView(_LEVELS, list(TABLE.items())).text()
        return "\n".join([f"{self._head}, {self._accepted}", *hazards, "", *self._cost, "", levels])

    def html(self) -> str:
        """As HTML."""
        found = self.risk
        sign = page.sign(f"✓ {self._accepted}", "good") if found.accepted else page.sign(f"! {self._accepted}", "warn")
        head = f'<div style="margin-bottom:4px">{page.strong(self._head)} &nbsp; {sign}</div>'
        hazards = self.table.html() if found.hazards else ""
        cost = "".join(f"<div>{page.escape(line)}</div>" for line in self._cost)
        levels = page.opening("how levels come about", TableView(_LEVELS, list(TABLE.items())).html())
        return page.frame(head, hazards, f'<div style="margin-top:8px">{cost}</div>', levels)


def _of(i: int) -> Column:
    return Column(SEVERITIES[i], lambda row: SIGNS[row[1][i]][0], sign=lambda row: page.sign(*SIGNS[row[1][i]]))


_LEVELS = (Column("likelihood ↓, severity →", lambda row: row[0]), *(_of(i) for i in range(len(SEVERITIES))))


def amount(one: Amount) -> str:
    """An amount and its interval: `1,240 (1,100 – 1,400)`."""
    return f"{digits(one.value)} ({digits(one.low)} – {digits(one.high)})"


def digits(value: float) -> str:
    """Three digits: the interval says how little the rest would mean."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _wrapped(text: str) -> str:
    return f'<span style="white-space:pre-wrap;overflow-wrap:anywhere">{page.escape(text)}</span>'

"""How a version treats groups: measures with their verdicts, and every group with its rows."""

from __future__ import annotations

from typing import Any

from mlops_nb.registry.fairness.model import Fairness, Group, Grouped
from mlops_nb.show import diagrams, page
from mlops_nb.show.gates import SIGNS, sign, who
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, digest, number, when

_DRAWN = 50
_LIST = (
    Column("version", lambda f: f.ref),
    Column("data", lambda f: digest(f.dataset), mono=True),
    Column("verdict", lambda f: SIGNS[f.verdict][0], sign=lambda f: sign(f.verdict)),
    Column("by", lambda f: ", ".join(one.column for one in f.columns)),
    Column("found by", who),
    Column("when", lambda f: when(f.created_us)),
)
_MEASURES = (
    Column("measure", lambda m: m.name.replace("_", " ")),
    Column("verdict", lambda m: SIGNS[m.verdict][0], sign=lambda m: sign(m.verdict)),
    Column("says", lambda m: m.says, most=200),
    Column("n", lambda m: f"{m.n:,}", right=True),
)


def list_view(results: Any) -> TableView:
    """What was found of a version."""
    return TableView(_LIST, results.items, results.note)


def view(value: Fairness) -> FairnessView:
    """What was found once."""
    return FairnessView(value)


def sentence(found: Grouped) -> str:
    """What was found by one column, in a line."""
    judged = sum(not one.why and not one.left_out for one in found.groups)
    used = f"{found.rows:,} of {found.of:,} rows" if found.rows != found.of else f"{found.rows:,} rows"
    every = f"{judged} of {len(found.groups) + found.more} groups can be judged, by {used}"
    said = [f"{one.name.replace('_', ' ')} {one.verdict}" for one in found.measures]
    return f"By {found.column}: {', '.join(said)}; {every}."


def notes(found: Grouped) -> list[str]:
    """What must be known to read it, a sentence each."""
    said = []
    left = [one.name for one in found.groups if one.left_out]
    if left:
        said.append(f"Named and not judged, for their small share: {', '.join(left)}.")
    if found.more:
        said.append(f"{found.more:,} smaller groups were not looked at.")
    if found.rows != found.of:
        said.append("Only the rows that the evaluation kept have this column: evaluate with --slices to use all.")
    said.append("Intervals of measures hold for all pairs of groups at once; those of groups each by itself.")
    return said


def _metric(name: str) -> Column:
    return Column(name.replace("_", " "), lambda group: _value(group, name), right=True)


def _value(group: Group, name: str) -> str:
    one = group.metric(name)
    if one is None or one.value is None:
        return ""
    between = f" [{number(one.low)}, {number(one.high)}]" if one.low is not None and one.high is not None else ""
    return f"{number(one.value)}{between}"


def _why(group: Group) -> str:
    return f"insufficient: {group.why}" if group.why else "not judged" if group.left_out else ""


class FairnessView:
    """Measures and groups, a column each."""

    def __init__(self, fairness: Fairness) -> None:
        self.fairness = fairness
        self.columns = [(one, self._measures(one), self._groups(one)) for one in fairness.columns]

    def _measures(self, grouped: Grouped) -> TableView:
        return TableView(_MEASURES, grouped.measures)

    def _groups(self, grouped: Grouped) -> TableView:
        names = dict.fromkeys(metric.name for group in grouped.groups for metric in group.metrics)
        columns = (
            Column(grouped.column, lambda group: cut(group.name, 40)),
            Column("rows", lambda group: f"{group.n:,}", right=True),
            Column("note", _why, most=80),
            *(_metric(name) for name in names),
        )
        return TableView(columns, grouped.groups)

    @property
    def _head(self) -> str:
        f = self.fairness
        positive = f", {cut(f.findings.positive, 30)!r} counts as selected" if f.findings.positive else ""
        said = "  (on record already)" if f.existed else ""
        return f"how {f.ref} treats groups, on {digest(f.dataset)}{positive}{said}"

    def text(self) -> str:
        """As text."""
        parts = [f"{SIGNS[self.fairness.verdict][0]}  {self._head}"]
        for grouped, measures, groups in self.columns:
            parts += ["\n".join([sentence(grouped), measures.text(), "", groups.text(), *notes(grouped)])]
        return "\n\n".join(parts)

    def html(self) -> str:
        """As HTML."""
        f = self.fairness
        title = f'<div style="margin-bottom:6px">{sign(f.verdict)} &nbsp; {page.strong(self._head)}</div>'
        parts = [part for one in self.columns for part in self._column(*one)]
        made = f"{when(f.created_us)} by {who(f)}; evidence {f.digest[:12]}"
        return page.frame(title, *parts, f'<div style="margin-top:6px">{page.muted(made)}</div>')

    def _column(self, grouped: Grouped, measures: TableView, groups: TableView) -> list[str]:
        listed = "".join(f"<li>{page.escape(note)}</li>" for note in notes(grouped))
        said = f"<p>{page.escape(sentence(grouped))}</p>"
        return [said, measures.html(), picture(grouped), groups.html(), f"<ul>{listed}</ul>"]


def picture(found: Grouped) -> str:
    """The first metric of each group with its interval; empty where there is none."""
    first = next((group.metrics[0].name for group in found.groups if group.metrics), "")
    metrics = [(group.name, group.metric(first)) for group in found.groups[:_DRAWN]]
    rows = [diagrams.Ranged(name, one.value, one.low, one.high) for name, one in metrics if one is not None]
    said = f"{first.replace('_', ' ')} of each group by {found.column}, with 95 % intervals"
    return f"<p>{page.muted(said)}</p>{diagrams.intervals(rows, said)}" if rows else ""

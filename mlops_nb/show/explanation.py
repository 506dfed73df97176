"""What a version rests on: a picture, the same as a table, and what must be known to read it."""

from __future__ import annotations

from typing import Any

from mlops_nb.registry.explaining.model import Explanation, Importance
from mlops_nb.show import diagrams, page
from mlops_nb.show.gates import who
from mlops_nb.show.table import Column, TableView
from mlops_nb.show.words import cut, digest, number, when

_DRAWN = 20


def _names(one: Importance) -> str:
    return " + ".join(one.features)


_LIST = (
    Column("version", lambda e: e.ref),
    Column("data", lambda e: digest(e.dataset), mono=True),
    Column("metric", lambda e: e.findings.metric),
    Column("rests on", lambda e: ", ".join(_names(one) for one in e.importances[:3])),
    Column("by", who),
    Column("when", lambda e: when(e.created_us)),
)


def list_view(results: Any) -> TableView:
    """Explanations of a version."""
    return TableView(_LIST, results.items, results.note)


def view(value: Explanation) -> ExplanationView:
    """One explanation."""
    return ExplanationView(value)


def sentence(found: Explanation) -> str:
    """What it says, in a line or two."""
    f = found.findings
    used = f"{f.rows:,} of {f.of:,} rows" if f.rows != f.of else f"{f.rows:,} rows"
    how = f"each input dealt out anew {f.repeats} times among {used}"
    lost = [f"{_names(one)} (by {number(one.drop)})" for one in f.importances if one.low > 0]
    if not lost:
        return f"No input was found that {f.metric} ({number(f.score)}) rests on: {how}."
    return f"{f.metric} ({number(f.score)}) gets worse most without {', '.join(lost[:3])}: {how}."


def _spread(one: Importance) -> str:
    return f"{number(one.drop)} [{number(one.low)}, {number(one.high)}]"


def notes(found: Explanation) -> list[str]:
    """What must be known to read it, a sentence each."""
    f = found.findings
    said = [
        f"{_names(one.together)} go together ({one.measure} {one.strength:.2f}): what the model loses with one it "
        f"takes from another, so each looks less important than it is. All at once: worse by {_spread(one.together)}."
        for one in f.correlated
    ]
    if f.uncompared:
        shown = ", ".join(f.uncompared[:5]) + (f" and {len(f.uncompared) - 5} more" if f.uncompared[5:] else "")
        said.append(f"Whether {shown} go together with others can't be said: too many different values.")
    said.append("Intervals are of the repeats on these rows; other rows would vary more.")
    if f.shap.why:
        said.append(f"No SHAP values: {f.shap.why}.")
    elif f.shap.means:
        said.append(f"Mean |SHAP| is of {f.shap.rows:,} rows, in {_UNITS.get(f.shap.unit, f.shap.unit)}.")
    return said


_UNITS = {"target": "the target's units", "probability": "probability (1 is certain)", "decision": "decision values"}


class ExplanationView:
    """An explanation."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        shap = {one.feature: one.value for one in explanation.shap.means}
        columns = (
            Column("input", _names),
            Column("worse by", lambda one: number(one.drop), right=True),
            Column("95 % interval", lambda one: f"[{number(one.low)}, {number(one.high)}]", right=True),
            Column("mean |SHAP|", lambda one: number(shap.get(one.features[0])) if shap else "", right=True),
        )
        self.table = TableView(columns, explanation.importances)

    @property
    def _head(self) -> str:
        e = self.explanation
        return f"what {e.ref} rests on{'  (on record already)' if e.existed else ''}"

    def text(self) -> str:
        """As text."""
        e = self.explanation
        return "\n".join([self._head, sentence(e), self.table.text(), *notes(e)])

    def html(self) -> str:
        """As HTML."""
        e = self.explanation
        title = f'<div style="margin-bottom:4px">{page.strong(self._head)}</div>'
        rows = [diagrams.Ranged(cut(_names(one)), one.drop, one.low, one.high) for one in e.importances[:_DRAWN]]
        said = f"<p>{page.escape(sentence(e))}</p>"
        drawn = diagrams.intervals(rows, sentence(e), mark=0.0, marked="no loss")
        listed = "".join(f"<li>{page.escape(note)}</li>" for note in notes(e))
        made = f"{when(e.created_us)} by {who(e)}; evidence {e.digest[:12]}"
        by = f'<div style="margin-top:6px">{page.muted(made)}</div>'
        return page.frame(title, said, drawn, self.table.html(), f"<ul>{listed}</ul>", by)

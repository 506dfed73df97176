"""The series of one metric: a sentence, a picture, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_nb.runs.model import Curve
from mlops_nb.show import page
from mlops_nb.show.drawing import curve_sentence, curves, thinned
from mlops_nb.show.words import number, sparkline

_ROWS = 50


def twin(found: Sequence[Curve], names: Mapping[str, str] | None = None) -> str:
    """The numbers of a picture as a table that opens: at most 50 rows, shared among the curves.

    Args:
        found: The curves; those without a point are left out.
        names: What the runs are called, when there are several.
    """
    drawn = [curve for curve in found if curve.steps][:_ROWS]
    if not drawn:
        return ""
    total = sum(curve.total for curve in drawn)
    rows = [(curve, row) for curve in drawn for row in thinned(curve, _ROWS // len(drawn))]
    joined = len(rows) < total
    titles = ["run"] * (names is not None) + ["step", "value"] + ["least", "greatest"] * joined
    cells = []
    for curve, (step, *values) in rows:
        called = [page.mono(names[curve.run])] if names is not None else []
        cells.append([*called, *(page.escape(number(v)) for v in (step, *values)[: 4 if joined else 2])])
    said = f"Table: {total:,} {'point' if total == 1 else 'points'}" + (f" in {len(rows)} rows" if joined else "")
    return page.opening(page.muted(said), page.table(titles, cells, range(names is not None, len(titles))))


@dataclass(frozen=True, slots=True)
class CurveView:
    """One curve."""

    curve: Curve

    def text(self) -> str:
        """As text."""
        said = curve_sentence(self.curve)
        blocks = sparkline([value for _, value, _, _ in thinned(self.curve, 60)])
        return f"{said}\n{blocks}" if blocks else said

    def html(self) -> str:
        """As HTML."""
        said = f'<p style="margin:0 0 4px">{page.escape(curve_sentence(self.curve))}</p>'
        return page.frame(said, curves([self.curve]), twin([self.curve])) if self.curve.steps else page.frame(said)


def view(value: Curve) -> CurveView:
    """The view of a curve."""
    return CurveView(value)

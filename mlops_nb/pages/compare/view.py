"""Runs side by side: what differs, in sentences, then value by value, then in pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import mlops_nb as ml
from mlops_nb.pages.address import Address
from mlops_nb.pages.charts.charted import ChartedView
from mlops_nb.pages.compare import content
from mlops_nb.pages.page import Html
from mlops_nb.runs.model import Comparison, Curve


@dataclass(frozen=True, slots=True)
class CompareAddress(Address):
    """Which runs, by any reference, and which curve they share."""

    slug: ClassVar[str] = "compare"
    runs: tuple[str, ...] = ("last", "last~1")
    metric: str = ""


@dataclass(frozen=True, slots=True)
class CompareFound:
    """What the page of a comparison shows: `shared` names the metrics that are curves in several of its runs."""

    comparison: Comparison
    shared: tuple[str, ...]
    curves: tuple[Curve, ...]


class CompareView(ChartedView):
    """The page that compares runs."""

    place = CompareAddress
    address: CompareAddress
    charted = "curves"
    sections = ("top", "curves", "rest")

    def read(self, address: CompareAddress) -> CompareFound:
        """The comparison, as `ml.compare` gives it, with the curves of one metric."""
        comparison = ml.compare(*address.runs)
        shared = content.shared(comparison)
        metric = address.metric if address.metric in shared else (shared[0] if shared else "")
        having = [run.id for run in comparison.runs if metric in run.best] if metric else []
        return CompareFound(comparison, shared, tuple(ml.curve(run, metric) for run in having))

    def html(self, found: CompareFound | None) -> Html:
        """Sentences and differences, then curves, then parallel coordinates."""
        if found is None:
            return {"top": content.missing()}
        return {
            "top": content.top(found, self.cell()),
            "curves": content.curves(self.address, found),
            "rest": content.rest(found),
        }

    def cell(self) -> str:
        """`%compare A B …`."""
        runs = [run.id for run in self.found.comparison.runs] if self.found else self.address.runs
        return f"%compare {' '.join(runs)}"

    def title(self) -> str:
        """How many runs."""
        return f"Compare {len(self.found.comparison.runs)} runs" if self.found else "Compare"

    def table(self) -> Any:
        """What differs, a row a difference and a column a run."""
        import pandas as pd

        comparison = ml.compare(*self.address.runs)
        names = [run.id for run in comparison.runs]
        return pd.DataFrame(
            [
                {"kind": d.kind, "name": d.name, **dict(zip(names, d.values, strict=True))}
                for d in comparison.differences
            ]
        )

    def drawn(self) -> tuple[tuple[str, ...], str] | None:
        """What the chart shows."""
        curves = self.found.curves if self.found is not None else ()
        return (tuple(curve.run for curve in curves), curves[0].metric) if curves else None

    def above(self) -> str:
        """The heading, and the other metrics that have a curve."""
        return content.chips(self.address, self.found)

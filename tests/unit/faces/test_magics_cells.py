"""Where `%%track` stands in a cell, and what is left of it."""

from __future__ import annotations

import pytest

from mlops_nb.faces.magics.cells import blanked, find_line
from mlops_nb.faces.magics.hiding import prune


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        ("%%track\nx", "\nx"),
        ("%%track a --note 'b'\nx", "\nx"),
        ("# c\n\n%%track\nx", "# c\n\n\nx"),
        ("%%track\n%%time\nx", "%%time\nx"),
        ("%%track\n\n# c\n%%time\nx", "%%time\nx"),
        ("%%time\n%%track\nx", "%%time\n\nx"),
        ("%%track", "\n"),
    ],
)
def test_the_line_is_blanked(cell: str, left: str) -> None:
    lines = cell.splitlines(keepends=True)
    assert "".join(blanked(lines)) == left
    assert "".join(lines) == cell


@pytest.mark.parametrize(
    "cell",
    [
        "x = 1\n%%track",
        "%%tracker\nx",
        "%%track?",
        "%%writefile f\n%%track",
        "%%bash\n%%track",
        "%track",
        "'''\n%%track\n'''",
        "",
    ],
)
def test_there_is_none(cell: str) -> None:
    lines = cell.splitlines(keepends=True)
    assert find_line(lines) is None
    assert blanked(lines) is lines


def test_pruning_bears_errors_that_refer_to_each_other() -> None:
    first, second = ValueError(1), ExceptionGroup("g", [ValueError(2)])
    first.__cause__, second.__context__ = second, first
    prune(first)
    prune(None)
    assert (first.__cause__, second.__context__) == (second, first)

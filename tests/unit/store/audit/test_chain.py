"""The digest of a row: the short way to its text is the same as the one that README.md tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.store.artifacts import digest
from mlops_nb.store.audit.chain import row_digest

_TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
_NUMBER = st.integers(-(2**63), 2**63 - 1)


def _told(previous: str, fields: tuple[Any, ...]) -> str:
    return digest(json.dumps([1, previous, *fields], ensure_ascii=False, separators=(",", ":")).encode())


@given(_TEXT, st.tuples(_NUMBER, _NUMBER, _TEXT, _TEXT, _TEXT, _TEXT))
def test_any_row_has_the_digest_that_is_told(previous: str, fields: tuple[Any, ...]):
    assert row_digest(previous, fields) == _told(previous, fields)


@pytest.mark.parametrize("odd", [None, True, 1.5, "text", 7])
@pytest.mark.parametrize("at", range(6))
def test_also_where_somebody_wrote_another_type_by_force(odd: object, at: int):
    fields: list[object] = [1, 2, "a", "b", "c", "{}"]
    fields[at] = odd
    assert row_digest("", fields) == _told("", tuple(fields))


def test_bytes_have_none():
    with pytest.raises(TypeError):
        row_digest("", [1, 2, "a", "b", "c", b"x"])

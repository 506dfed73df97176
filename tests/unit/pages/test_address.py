"""An address says everything that a page shows, and gives it back."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_nb.errors import InvalidInput
from mlops_nb.pages.address import LONGEST
from mlops_nb.pages.runs.view import RunsAddress

words = st.text(string.printable, max_size=60)
names = st.text(string.ascii_letters + string.digits + "._-/[]", min_size=1, max_size=20)
addresses = st.builds(
    RunsAddress,
    where=words,
    sort=words,
    view=words,
    columns=st.lists(names, max_size=5).map(tuple),
    after=words,
    pick=st.lists(names, max_size=5).map(tuple),
    trashed=st.booleans(),
    limit=st.integers(1, 1000),
)


@given(addresses)
def test_what_is_written_is_read_again(address):
    assert RunsAddress.read(address.query()) == address
    assert RunsAddress.read("?" + address.query()) == address


def test_defaults_are_not_written():
    assert RunsAddress().query() == ""
    assert RunsAddress().link() == "runs"
    assert RunsAddress(where="a = 1").link(sort="-wall") == "runs?where=a+%3D+1&sort=-wall"


def test_what_is_unknown_is_left_out():
    assert RunsAddress.read("token=secret&where=x&kernel=python3") == RunsAddress(where="x")


@pytest.mark.parametrize("query", ["limit=many", "limit=1e3", "limit="])
def test_a_number_that_is_none(query):
    if query == "limit=":
        assert RunsAddress.read(query) == RunsAddress()
    else:
        with pytest.raises(InvalidInput, match=r"limit in the address is .* expected a whole number"):
            RunsAddress.read(query)


def test_an_address_that_is_too_long_is_refused_in_words():
    with pytest.raises(InvalidInput, match="the address has 1,000,006 characters; expected at most 8,000"):
        RunsAddress.read("where=" + "x" * 1_000_000)
    assert len(RunsAddress.read("where=" + "x" * (LONGEST - 6)).where) == LONGEST - 6


def test_too_many_fields_are_refused():
    with pytest.raises(InvalidInput, match="too many fields; expected at most 100"):
        RunsAddress.read("&".join("where=x" for _ in range(500)))

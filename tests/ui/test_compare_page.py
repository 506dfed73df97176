"""Compare: what differs in sentences, then value by value, then in pictures."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

import mlops_nb as ml
from mlops_nb.runs.model import Comparison
from mlops_nb.store import store as stores
from tests.ui.conftest import Server, Visit

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture
def nets(lively: Server) -> Iterator[Comparison]:
    before = stores._chosen
    stores.choose(lively.folder / ".mlops")
    yield ml.compare(*[run.id for run in ml.runs("params.model = 'net'", limit=3)])
    stores.choose(before)


def test_says_what_the_verb_says(lively: Server, visitor: Visit, nets: Comparison):
    runs = [run.id for run in nets.runs]
    page = visitor(lively).open("compare?" + urlencode({"runs": ",".join(runs)}))
    text = page.locator(".mlops.page").first.inner_text()
    assert nets.sentences
    assert [sentence for sentence in nets.sentences if sentence not in text] == []
    table = page.get_by_role("table", name="What differs between the runs")
    expect(table.locator("tbody tr")).to_have_count(len(nets.differences))
    assert table.locator("tbody th").all_inner_texts() == [row.name for row in nets.differences]
    expect(page.locator("h1")).to_have_text("Compare 3 runs")


def test_curves_that_the_runs_share_have_a_sentence_each(lively: Server, visitor: Visit, nets: Comparison):
    runs = [run.id for run in nets.runs]
    page = visitor(lively, java_script_enabled=False).page
    page.goto(f"{lively.url}/compare?" + urlencode({"runs": ",".join(runs)}))
    expect(page.get_by_role("heading", name="loss along its steps")).to_be_visible()
    expect(page.locator("svg[role=img]").first).to_be_visible()


def test_two_that_are_the_same_run_are_refused_in_a_sentence(lively: Server, visitor: Visit):
    page = visitor(lively).open("compare?" + urlencode({"runs": "last,last"}))
    expect(page.locator("[data-key=trouble]")).to_contain_text("expected 2 to 20")
    page.get_by_role("link", name="Select runs to compare").click()
    page.wait_for_url(f"{lively.url}/runs")


def test_a_run_that_is_not_there_is_named(lively: Server, visitor: Visit):
    page = visitor(lively).open("compare?" + urlencode({"runs": "last,best:auk"}))
    expect(page.locator("[data-key=trouble]")).to_contain_text("auk")


def test_a_run_of_the_comparison_leads_to_its_page(lively: Server, visitor: Visit, nets: Comparison):
    one = visitor(lively)
    page = one.open("compare?" + urlencode({"runs": ",".join(run.id for run in nets.runs)}))
    page.get_by_role("table", name="What differs between the runs").locator("thead a").first.click()
    page.wait_for_url("**/run?run=*")
    one.ready()
    assert nets.runs[0].id in page.url

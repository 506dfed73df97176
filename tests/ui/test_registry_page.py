"""Registry: what is in production, what waits and for whom, one page of models from however many there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from mlops_nb.store.store import Store
from tests.ui.acting import PASSWORD, signed_in
from tests.ui.conftest import Server, Visit, copy_of, served

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(autouse=True)
def here(lively: Server) -> Iterator[Store]:
    before = stores._chosen
    yield stores.choose(lively.folder / ".mlops")
    stores.choose(before)


def test_says_what_is_in_production_and_how_it_came_there(lively: Server, visitor: Visit):
    page = visitor(lively).open("registry")
    models = list(ml.models())
    expect(page.locator(".lead")).to_contain_text(
        f"{sum(bool(m.production) for m in models)} of {len(models)} models in production"
    )
    rows = page.get_by_role("table", name="Models").locator("tbody tr")
    expect(rows).to_have_count(len(models))
    governed = rows.filter(has=page.get_by_role("link", name="late-flights", exact=True))
    champion = ml.stages("late-flights").production
    expect(governed).to_contain_text(champion.ref)
    expect(governed).to_contain_text("roc_auc")
    expect(governed).to_contain_text("target ≥ 0.6000 ✓ reached")
    expect(governed).not_to_contain_text("▲")
    expect(rows.filter(has_text="minutes-late/1")).to_contain_text("▲ overridden")
    expect(rows.filter(has_text="cancelled/1")).to_contain_text("▲ ungated")
    expect(rows.filter(has_text="cancelled/1")).to_contain_text("not evaluated")
    expect(rows.filter(has_text="seat-demand")).to_contain_text("no version")


def test_can_be_narrowed_and_the_address_says_so(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("registry")
    rows = page.get_by_role("table", name="Models").locator("tbody tr")
    page.get_by_role("link", name="ungated or overridden").click()
    expect(rows).to_have_count(2)
    page.wait_for_url("**/registry?show=marked")
    page.get_by_label("Part of a model's name").fill("MINUTES")
    page.get_by_role("button", name="Find").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("minutes-late")
    page.wait_for_url(re.compile(r"find=MINUTES"))
    # As a wildcard of SQL it would be every name.
    page.get_by_label("Part of a model's name").fill("%")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("No model is so.")).to_be_visible()
    expect(visitor(lively).open("registry?show=nonsense").locator("[data-key=trouble]")).to_contain_text("waiting")


def test_what_waits_is_said_to_everybody_and_offered_to_who_may_decide(lively: Server, visitor: Visit, here: Store):
    for name, role in (("ada", "approver"), ("grace", "approver"), ("vera", "viewer")):
        ml.people.add(name, role=role, password=PASSWORD)
    page = visitor(lively).open("registry")
    waiting = page.locator(".notice p").filter(has_text="late-flights/5")
    expect(waiting).to_contain_text("wants to enter production: 0 of 1 approvals; ✓ all other gates pass")
    expect(page.get_by_role("link", name="Decide")).to_have_count(0)
    for name, why in (("ada", "who registered it does not approve it"), ("vera", "vera is no approver")):
        theirs = signed_in(visitor(lively), name, "registry")
        expect(theirs.locator(".notice p").filter(has_text="late-flights/5")).to_contain_text(why)
        expect(theirs.get_by_role("link", name="Decide")).to_have_count(0)
    one = visitor(lively)
    page = signed_in(one, "grace", "registry")
    expect(page.get_by_role("heading", name="Waits for you")).to_be_visible()
    page.locator(".notice p").filter(has_text="late-flights/5").get_by_role("link", name="Decide").click()
    page.wait_for_url("**/version?version=late-flights%2F5&stage=production")
    one.ready()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()


def test_an_empty_store_says_how_to_begin_and_the_first_model_appears(empty: Server, visitor: Visit):
    page = visitor(empty).open("registry")
    expect(page.locator("pre")).to_contain_text("%register NAME last")
    stores.choose(empty.folder / ".mlops")
    ml.canvas("first", fields={"owner": "ada"})
    expect(page.get_by_role("table", name="Models")).to_contain_text("first")


@pytest.fixture
def many(made: Path, tmp_path: Path) -> Iterator[Server]:
    """60 models more, in a store of their own."""
    stores.choose(copy_of(made, tmp_path) / ".mlops")
    for i in range(60):
        ml.canvas(f"model-{i:02}", fields={"owner": "ada"})
    yield from served(tmp_path)


def test_many_models_are_pages(many: Server, visitor: Visit):
    page = visitor(many).open("registry")
    seen = list[str]()
    while True:
        names = page.locator("tbody tr td:first-child").all_inner_texts()
        assert len(names) <= 25
        seen += names
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            break
        following.click()
        expect(page.locator("tbody tr td:first-child").first).not_to_have_text(names[0])
    assert sorted(seen) == sorted(m.name for m in ml.models())

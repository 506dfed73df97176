"""Runs: filter, order, columns, views, selection; new runs come by themselves."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from tests.ui.conftest import Running, Server, Visit

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(autouse=True)
def here(request: pytest.FixtureRequest) -> Any:
    """The verbs of these tests write to the store that the page shows."""
    before = stores._chosen
    server = "large" if "large" in request.fixturenames else "lively"
    yield stores.choose(request.getfixturevalue(f"{server}_store") / ".mlops")
    stores.choose(before)


def ids(page: Any) -> list[str]:
    found = page.locator("tbody tr input[data-pick]").evaluate_all("boxes => boxes.map(b => b.dataset.pick)")
    return [str(one) for one in found]


def said(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def box(page: Any) -> Any:
    return page.locator("input[name=where][role=combobox]")


def test_a_filter_is_completed_by_keyboard_and_stands_in_the_address(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs")
    box(page).click()
    box(page).press_sequentially("metrics.a")
    options = page.locator("[role=option]:visible")
    expect(options.filter(has_text="metrics.auc").first).to_be_visible()
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option][aria-selected=true]")).to_have_count(1)
    assert box(page).get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    assert "metrics.a" in box(page).input_value()
    box(page).fill("metrics.auc > 0.8")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs?where=*")
    expect(page.locator("tbody tr")).to_have_count(len(ml.runs("metrics.auc > 0.8")))
    assert ids(page) == [run.id for run in ml.runs("metrics.auc > 0.8")]


def test_escape_closes_the_candidates_and_keeps_the_words(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs")
    box(page).press_sequentially("params.")
    expect(page.locator("[role=option]:visible").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[role=option]:visible")).to_have_count(0)
    assert box(page).input_value() == "params."


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("metrics.auc >> 3", "at position 14; expected a value"),
        ("metrics.auc >", "expected"),
        ("nonsense", "nonsense"),
        ("status = 'fine'", "finished"),
    ],
)
def test_what_is_no_filter_is_said_in_a_sentence(lively: Server, visitor: Visit, where: str, sentence: str):
    page = visitor(lively).open("runs")
    box(page).fill(where)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    trouble = page.locator("[data-key=trouble]")
    expect(trouble).to_contain_text(sentence)
    assert "Traceback" not in trouble.inner_text()
    assert "\n" not in trouble.inner_text().strip()
    expect(box(page)).to_have_value(where)
    expect(box(page)).to_have_attribute("aria-invalid", "true")
    box(page).fill("metrics.auc > 0.9")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(trouble).to_have_count(0)
    expect(page.locator("tbody tr").first).to_be_visible()


def test_an_unknown_key_says_the_nearest(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs?" + urlencode({"where": "metrics.auk > 0.5"}))
    expect(page.locator("tbody tr")).to_have_count(0)
    expect(page.locator("p.muted, [data-key=trouble]").filter(has_text=re.compile(r"auk.*auc")).first).to_be_visible()
    page.get_by_role("link", name="Show all runs").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    assert said(page) == {}


def test_a_click_on_a_header_sorts(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs?" + urlencode({"where": "metrics.auc > 0.5"}))
    head = page.get_by_role("columnheader").filter(has_text=re.compile(r"^auc"))
    expect(head).to_have_attribute("aria-sort", "none")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert ids(page) == [run.id for run in ml.runs("metrics.auc > 0.5", sort="-metrics.auc")]
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert ids(page) == [run.id for run in ml.runs("metrics.auc > 0.5", sort="metrics.auc")]
    assert said(page)["sort"] == ["metrics.auc"]


def test_an_address_is_the_page(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs?" + urlencode({"where": "metrics.auc > 0.7", "limit": 9}))
    page.get_by_role("columnheader").filter(has_text=re.compile(r"^auc")).get_by_role("link").click()
    page.wait_for_url("**sort=*")
    page.locator("input[data-pick]").nth(1).check()
    page.wait_for_url("**pick=*")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("params.depth", exact=True).check()
    page.get_by_label("metrics.auc", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**columns=*")
    assert set(said(page)) == {"where", "sort", "pick", "columns", "limit"}
    expect(page.get_by_role("columnheader").filter(has_text="depth")).to_be_visible()
    other = visitor(lively).open(page.url.removeprefix(lively.url + "/"))
    assert said(other) == said(page)
    for part in ("h1", ".lead", "table", ".pager", ".picks", ".chips"):
        assert other.locator(part).all_inner_texts() == page.locator(part).all_inner_texts()
    assert box(other).input_value() == box(page).input_value() == "metrics.auc > 0.7"
    assert len(ids(other)) == 9
    assert ids(other) == ids(page)
    assert other.locator("input[data-pick]:checked").count() == page.locator("input[data-pick]:checked").count() == 1


def test_back_and_forward(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs")
    everything = len(ml.runs())
    expect(page.locator("tbody tr")).to_have_count(everything)
    for where in ("metrics.auc > 0.8", "metrics.auc > 0.9"):
        box(page).fill(where)
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(len(ml.runs(where)))
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(len(ml.runs("metrics.auc > 0.8")))
    expect(box(page)).to_have_value("metrics.auc > 0.8")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(everything)
    expect(box(page)).to_have_value("")
    page.go_forward()
    expect(page.locator("tbody tr")).to_have_count(len(ml.runs("metrics.auc > 0.8")))
    assert said(page)["where"] == ["metrics.auc > 0.8"]


def test_columns_are_chosen(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs?limit=5")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("params.depth", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    heads = page.get_by_role("columnheader")
    expect(heads.filter(has_text="depth")).to_be_visible()
    expect(heads.filter(has_text=re.compile(r"^auc"))).to_have_count(0)
    page.get_by_role("link", name="Those that vary").click()
    expect(heads.filter(has_text=re.compile(r"^auc"))).to_be_visible()


def test_a_saved_view_appears_and_is_applied(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs")
    ml.view("Best of all", "metrics.auc > 0.8", sort="-metrics.auc", columns="metrics.auc,params.depth")
    chip = page.get_by_role("link", name="Best of all")
    chip.click()
    page.wait_for_url("**view=Best*")
    expect(page.locator("tbody tr")).to_have_count(len(ml.runs("metrics.auc > 0.8")))
    assert ids(page) == [run.id for run in ml.runs(view="Best of all")]
    expect(page.get_by_role("columnheader").filter(has_text="depth")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("tbody tr")).to_have_count(len(ml.runs()))


def test_three_are_selected_and_compared(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("runs?" + urlencode({"where": "has(metrics.auc)"}))
    wanted = ids(page)[:3]
    for i in range(3):
        page.locator("input[data-pick]").nth(i).check()
        expect(page.locator("tr.picked")).to_have_count(i + 1)
    page.get_by_role("link", name="Compare 3 runs").click()
    page.wait_for_url("**/compare?*")
    one.ready()
    assert said(page)["runs"] == [",".join(wanted)]
    expect(page.locator("h1")).to_have_text("Compare 3 runs")
    page.go_back()
    one.ready()
    expect(page.locator("tr.picked")).to_have_count(3)
    page.get_by_role("link", name="Select none").click()
    expect(page.locator("tr.picked")).to_have_count(0)


def test_a_new_run_comes_by_itself(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs?limit=5")
    page.evaluate("window.stayed = true")
    before = ids(page)
    alive = Running(lively.folder, "demand")
    row = page.locator(f"tr[data-key='{alive.id}']")
    expect(row).to_be_visible()
    expect(row).to_contain_text("running")
    alive.close()
    expect(row).to_contain_text("finished")
    assert ids(page)[:2] == [alive.id, before[0]]
    assert page.evaluate("window.stayed")


def test_what_somebody_types_stays_while_the_list_changes(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs?limit=5")
    box(page).press_sequentially("metrics.au")
    with ml.track("demand") as run:
        run.log_metric("auc", 0.5)
    expect(page.locator(f"tr[data-key='{run.id}']")).to_be_visible()
    assert box(page).input_value() == "metrics.au"
    assert page.evaluate("document.activeElement !== document.body")


def test_the_trash_is_shown_when_asked_for(lively: Server, visitor: Visit):
    page = visitor(lively).open("runs")
    (trashed,) = {run.id for run in ml.runs(trashed=True)} - {run.id for run in ml.runs()}
    expect(page.locator(f"tr[data-key='{trashed}']")).to_have_count(0)
    page.get_by_role("link", name="with the trash").click()
    expect(page.locator(f"tr[data-key='{trashed}']")).to_contain_text("in the trash")


@pytest.mark.slow
def test_the_next_page_of_rows_shows_others_and_none_twice(large: Server, visitor: Visit):
    page = visitor(large).open("runs?" + urlencode({"sort": "-metrics.auc", "limit": 50}))
    seen: list[str] = []
    for _ in range(4):
        shown = ids(page)
        assert len(shown) == 50
        seen += shown
        page.get_by_role("link", name="Next page").click()
        expect(page.locator(f"tr[data-key='{shown[0]}']")).to_have_count(0)
    assert len(set(seen)) == len(seen)
    assert seen == [run.id for run in ml.runs(sort="-metrics.auc", limit=200)]
    page.get_by_role("link", name="First page").click()
    expect(page.locator(f"tr[data-key='{seen[0]}']")).to_be_visible()


@pytest.mark.slow
def test_a_filter_over_100_000_runs(large: Server, visitor: Visit):
    page = visitor(large).open("runs")
    box(page).fill("metrics.auc > 0.85 and params.model = 'forest'")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**where=*")
    assert ids(page) == [run.id for run in ml.runs("metrics.auc > 0.85 and params.model = 'forest'")]

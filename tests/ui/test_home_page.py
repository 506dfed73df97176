"""Home: the lifecycle, what needs attention, the search box; an empty project says how to begin."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from mlops_nb.store.store import Store
from tests.ui import making
from tests.ui.conftest import Server, Visit

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(autouse=True)
def here(lively: Server) -> Iterator[Store]:
    before = stores._chosen
    yield stores.choose(lively.folder / ".mlops")
    stores.choose(before)


def test_an_empty_project_says_what_to_type_and_the_first_run_appears(empty: Server, visitor: Visit, chromium: object):
    page = visitor(empty).open("home")
    expect(page.locator("pre")).to_contain_text("%%track")
    stores.choose(empty.folder / ".mlops")
    with ml.track("first-steps", params={"depth": 3}) as run:
        run.log_metric("auc", 0.75)
    expect(page.get_by_role("table", name="Newest runs")).to_contain_text(run.id[:10])
    expect(page.locator("h1")).to_have_text("Home")


def test_says_what_there_is(lively: Server, visitor: Visit):
    page = visitor(lively).open("home")
    experiments = ml.experiments()
    assert page.get_by_role("table", name="Experiments").locator("tbody tr").count() == len(experiments)
    models = ml.models()
    serving = sum(bool(model.production) for model in models)
    expect(page.locator(".lead")).to_have_text(f"{serving} models of {len(models)} in production.")
    expect(page.locator("ol.line li").filter(has_text="Experimentation")).to_contain_text(
        f"{sum(e.runs for e in experiments)} runs"
    )
    for name in (
        "Framing",
        "Data",
        "Experimentation",
        "Training",
        "Evaluation",
        "Deployment",
        "Monitoring",
        "Retraining",
    ):
        expect(page.locator("ol.line li").filter(has_text=name).first).to_be_visible()
    expect(page.locator(".notice").filter(has_text="failed")).to_be_visible()
    expect(page.locator(".card").filter(has_text="flights-delay/1")).to_contain_text("HistGradientBoostingClassifier")
    best = next(e for e in experiments if e.name == "flights-delay")
    row = page.get_by_role("table", name="Experiments").locator("tr").filter(has_text="flights-delay")
    expect(row).to_contain_text(best.best_run[:10])


def test_what_is_next_is_a_line_to_copy_for_each_model(lively: Server, visitor: Visit):
    page = visitor(lively).open("home")
    steps = page.locator("ul.steps li")
    waiting = steps.filter(has_text="late-flights/5")
    expect(waiting).to_contain_text("gates into production pass; an approval by somebody other than ada is missing.")
    expect(waiting.get_by_role("button")).to_have_attribute("data-copy", "%approve late-flights/5 --reason …")
    expect(steps.filter(has_text="late-flights/4").get_by_role("button")).to_have_attribute(
        "data-copy", "%deploy late-flights"
    )
    expect(steps.filter(has_text="flights-delay/1")).to_contain_text("It was never evaluated")


def test_a_model_says_what_is_in_production_and_how_good_that_is(lively: Server, visitor: Visit):
    page = visitor(lively).open("home")
    (found,) = (one for one in ml.evaluations("late-flights/4"))
    card = page.locator(".card").filter(has_text="late-flights/4")
    value = found.metrics["roc_auc"]
    assert value is not None
    expect(card).to_contain_text(f"roc_auc {value:.4f}, target ≥ 0.6000 ✓ reached")
    expect(card).to_contain_text(f"{found.rows} rows, 95 % interval")
    expect(card).to_contain_text("dummy baseline scores 0.5")
    expect(page.locator(".card").filter(has_text="minutes-late")).to_contain_text("overridden")
    worries = page.locator(".notice")
    expect(worries.filter(has_text="minutes-late/1")).to_contain_text("was let in against its gates (▲ overridden)")
    expect(worries.filter(has_text="cancelled/1")).to_contain_text("was let in with no gates before it (▲ ungated)")
    expect(worries.filter(has_text="late-flights/4")).to_have_count(0)
    expect(page.locator(".card").filter(has_text="cancelled")).to_contain_text("ungated")
    expect(page.locator("ol.line li").filter(has_text="Framing")).to_contain_text("canvases")


def test_an_experiment_leads_to_its_runs(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("home")
    page.get_by_role("table", name="Experiments").get_by_role("link", name="churn").click()
    page.wait_for_url("**/runs?where=*")
    one.ready()
    expect(page.locator("tbody tr")).to_have_count(len(ml.runs("experiment = 'churn'")))


SEARCHES = {
    "a prefix": (lambda run: run[:20], r"/run\?run=\w+"),
    "best": (lambda run: "best:auc", r"/run\?run="),
    "last": (lambda run: "last", r"/run\?run="),
    "experiment": (lambda run: "demand", r"/runs\?where=experiment\+%3D\+%27demand%27"),
    "long experiment": (lambda run: making.LEGAL, r"/runs\?where=experiment"),
    "version": (lambda run: "flights-delay/1", r"/version\?version=flights-delay%2F1"),
}


@pytest.mark.parametrize("what", SEARCHES)
def test_the_search_box_takes_any_reference(lively: Server, visitor: Visit, what: str):
    text, to = SEARCHES[what]
    one = visitor(lively)
    page = one.open("home")
    search = page.locator("input[name=q]")
    search.fill(text(ml.runs(limit=1)[0].id))
    search.press("Escape")
    search.press("Enter")
    page.wait_for_url(re.compile(to))
    one.ready()
    expect(page.locator("[data-key=trouble]")).to_have_count(0)


def test_a_name_of_several_things_is_a_choice(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("home")
    page.locator("input[name=q]").fill("flights-delay")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("[data-key=trouble]")).to_contain_text("which one")
    page.get_by_role("link", name="model flights-delay").click()
    page.wait_for_url("**/model?model=flights-delay")
    one.ready()
    expect(page.locator("h1")).to_contain_text("flights-delay")


def test_nonsense_says_the_nearest_name(lively: Server, visitor: Visit):
    page = visitor(lively).open("home")
    page.locator("input[name=q]").fill("flights-delai")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("[data-key=trouble]")).to_contain_text("flights-delay")


def test_the_search_box_completes_by_keyboard(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("home")
    page.locator("input[name=q]").press_sequentially("best:a")
    expect(page.locator("[role=option]:visible").filter(has_text="best:auc").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/run?run=*")
    one.ready()


def test_light_and_dark_are_remembered(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("home")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "light"
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(theme) == "dark"
    page = one.open("runs")
    assert page.evaluate(theme) == "dark"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(18, 20, 25)"


def test_times_are_in_the_readers_zone(lively: Server, visitor: Visit):
    shown = {}
    for zone in ("UTC", "America/New_York", "Europe/Berlin"):
        page = visitor(lively, timezone_id=zone).open("home")
        expect(page.locator(".status")).to_contain_text(f"times in {zone}")
        row = page.get_by_role("table", name="Newest runs").locator("tbody tr").last
        shown[zone] = row.locator("td").nth(3).inner_text()
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    moment = datetime.strptime(shown["UTC"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    for zone, text in shown.items():
        assert text == moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")

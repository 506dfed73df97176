"""One model: where its versions stand or stood, who moved them, on what evidence, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.store import store as stores
from mlops_nb.store.store import Store
from tests.ui.acting import PASSWORD, ROWS, forge, signed_in
from tests.ui.conftest import Server, Visit, copy_of, served

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
ZONE = "America/New_York"


@pytest.fixture(autouse=True)
def here(lively: Server) -> Iterator[Store]:
    before = stores._chosen
    yield stores.choose(lively.folder / ".mlops")
    stores.choose(before)


@pytest.fixture(scope="module")
def several(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A store of its own: 300 versions of one model."""
    folder = copy_of(made, tmp_path_factory.mktemp("versions"))
    before = stores._chosen
    stores.choose(folder / ".mlops")
    for i in range(300):
        model = LogisticRegression().fit([[0.0], [1.0 + i]], [0, 1])
        version = ml.register("busy", model)
        if i < 60:
            ml.stage(version.ref, "production", reason=f"turn {i}")
    stores.choose(before)
    yield from served(folder)


def local(us: int, zone: str = ZONE) -> str:
    """A moment as a field of the browser holds it: to the second, the next whole one."""
    found = datetime.fromtimestamp(us / 1e6, UTC) + timedelta(seconds=1)
    return found.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def test_says_what_is_in_production_who_let_it_in_and_on_what_evidence(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("model?model=late-flights")
    champion = ml.stages("late-flights").production
    lead = page.locator(".lead")
    expect(lead).to_contain_text(f"{champion.ref} is in ● production since")
    expect(lead).to_contain_text("ada moved it there (gated, 12 of 12 gates passed): “better at all three airports”")
    versions = page.get_by_role("table", name="Versions").locator("tbody tr")
    expect(versions).to_have_count(5)
    expect(versions.first).to_contain_text("@challenger")
    moves = page.get_by_role("table", name="Moves").locator("tbody tr")
    expect(moves).to_have_count(len(ml.stages("late-flights").history))
    expect(moves.filter(has_text="rollback")).to_contain_text("the ops desk sees delays that are not there")
    expect(page.get_by_role("heading", name="Into production")).to_be_visible()
    expect(page.locator(".card").filter(has_text="which kind of model first")).to_contain_text("a straight line")
    lead.get_by_role("link", name="12 of 12 gates passed").click()
    page.wait_for_url(re.compile(r"/version\?version=late-flights%2F4&stage=production&check="))
    one.ready()
    expect(page.get_by_role("table", name="Gates into production").locator("tbody tr")).to_have_count(12)


def test_each_move_leads_to_the_gates_of_the_version_that_moved(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("model?model=late-flights")
    links = page.get_by_role("table", name="Moves").get_by_role("link", name=re.compile("gates passed"))
    for address in [links.nth(i).get_attribute("href") for i in range(links.count())]:
        shown = one.open(address)
        expect(shown.locator("[data-key=trouble]")).to_have_count(0)
        expect(shown.locator("h2").filter(has_text="What the gates into")).to_be_visible()
        expect(shown.locator("tbody tr").filter(has_text="load").first).to_be_visible()


def test_what_was_in_production_at_a_moment_of_the_readers_zone(lively: Server, visitor: Visit):
    entered = next(m for m in ml.stages("minutes-late").history if m.after == "production")
    one = visitor(lively, timezone_id=ZONE)
    page = one.open("model?model=minutes-late")
    expect(page.get_by_text(f"in {ZONE}")).to_have_count(2)  # beside the field, and in the status line
    page.get_by_label("What was in production on").fill(local(entered.at_us))
    page.get_by_role("button", name="Show").click()
    # The address holds one moment, whoever reads it.
    page.wait_for_url(re.compile(r"at=\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d-0[45]%3A00"))
    expect(page.locator(".lead")).to_contain_text("minutes-late/1 was in ● production ▲ overridden")
    before = datetime.fromtimestamp(entered.at_us / 1e6, UTC) - timedelta(days=1)
    page.get_by_label("What was in production on").fill(local(int(before.timestamp() * 1e6)))
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".lead")).to_contain_text("nothing was in production")
    expect(page.get_by_text("No version was registered by then.")).to_be_visible()
    page.get_by_role("link", name="Now").click()
    expect(page.locator(".lead")).to_contain_text("is in ● production")


def test_every_moment_says_what_the_verb_says(lively: Server, visitor: Visit):
    one = visitor(lively)
    for move in ml.stages("late-flights").history:
        at = (
            datetime.fromtimestamp(move.at_us // 1_000_000, UTC).replace(microsecond=move.at_us % 1_000_000).isoformat()
        )
        then = ml.stages("late-flights", at=at)
        page = one.open(f"model?model=late-flights&at={at.replace('+', '%2B')}")
        told = f"{then.production.ref} was in ● production" if then.production else "nothing was in production"
        expect(page.locator(".lead")).to_contain_text(told)
        rows = page.get_by_role("table", name="Versions").locator("tbody tr")
        expect(rows).to_have_count(len(then.standings))
        for i, stood in enumerate(then.standings):
            expect(rows.nth(i)).to_contain_text(stood.ref)
            expect(rows.nth(i)).to_contain_text(stood.stage)


@pytest.mark.parametrize(
    ("at", "said"),
    [("yesterday", "is no moment"), ("2025-11-02T01:30", "came twice"), ("2025-03-09T02:30", "never came")],
)
def test_what_is_no_moment_is_a_sentence(lively: Server, visitor: Visit, at: str, said: str):
    page = visitor(lively, timezone_id=ZONE).open(f"model?model=late-flights&at={at}")
    expect(page.locator("[data-key=trouble]")).to_contain_text(said)


def test_a_model_that_is_not_there_says_the_nearest(lively: Server, visitor: Visit):
    page = visitor(lively).open("model?model=late-fligths")
    expect(page.locator("[data-key=trouble]")).to_contain_text("late-flights")
    expect(page.get_by_role("link", name="All models")).to_be_visible()


def test_300_versions_are_pages_each_once(several: Server, visitor: Visit):
    page = visitor(several).open("model?model=busy")
    seen = list[str]()
    while True:
        names = page.get_by_role("table", name="Versions").locator("td:first-child a").all_inner_texts()
        assert 0 < len(names) <= 25
        seen += names
        following = page.locator("h2:text-is('Versions') ~ .pager").first.get_by_role("link", name="Next page")
        if not following.count():
            break
        following.click()
        expect(page.get_by_role("table", name="Versions").locator("td:first-child a").first).not_to_have_text(names[0])
    assert seen == [f"busy/{i}" for i in range(300, 0, -1)]


def test_moves_are_pages_too(several: Server, visitor: Visit):
    page = visitor(several).open("model?model=busy&before=3")
    reasons = list[str]()
    while True:
        rows = page.get_by_role("table", name="Moves").locator("tbody tr")
        assert 0 < rows.count() <= 25
        reasons += [
            row.locator("td").last.inner_text()
            for row in rows.all()
            if "production" in row.locator("td").nth(3).inner_text()
        ]
        following = page.locator(".pager").last.get_by_role("link", name="Next page")
        if not following.count():
            break
        first = rows.first.inner_text()
        following.click()
        expect(rows.first).not_to_have_text(first, use_inner_text=True)
    assert reasons == [f"turn {i}" for i in range(59, -1, -1)]


@pytest.fixture
def people(here: Store) -> None:
    for name, role in (("ada", "editor"), ("vera", "viewer")):
        ml.people.add(name, role=role, password=PASSWORD)


def test_the_way_back_is_a_form_that_says_what_it_does(lively: Server, visitor: Visit, people: None, here: Store):
    ml.stage("cancelled/2", "production", reason="a newer one")
    other = visitor(lively).open("model?model=cancelled")
    expect(other.locator(".lead")).to_contain_text("cancelled/2 is in ● production ▲ ungated")
    expect(other.locator("summary").filter(has_text="Roll back")).to_have_count(0)
    page = signed_in(visitor(lively), "ada", "model?model=cancelled")
    page.locator("summary").filter(has_text="Roll back").click()
    expect(page.get_by_text("cancelled/1 goes back into production, cancelled/2 is archived")).to_be_visible()
    page.get_by_label("Why").fill("it is wrong every night")
    page.get_by_role("button", name="Put cancelled/1 back").click()
    for one in (page, other):
        expect(one.locator(".lead")).to_contain_text("cancelled/1 is in ● production ▲ ungated", timeout=60_000)
        expect(one.locator(".lead")).to_contain_text("it is wrong every night")
    assert here.query(ROWS)[-1][:3] == ("person:ada", "basic auth", "stage")
    assert ml.stages("cancelled").production.how == "rollback"


def test_who_may_not_is_refused_when_forging(lively: Server, visitor: Visit, people: None, here: Store):
    before = ml.stages("late-flights")
    for who in ("", "vera"):
        one = visitor(lively)
        page = signed_in(one, who, "model?model=late-flights") if who else one.open("model?model=late-flights")
        forge(page, "rollback", reason="forged")
        expect(page.locator("[data-key=trouble]")).to_contain_text("only an editor may do this")
    assert ml.stages("late-flights") == before

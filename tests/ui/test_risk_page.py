"""Risk: what may go wrong, what errors cost, and a person who accepts exactly what they looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store
from tests.ui import making
from tests.ui.acting import ROWS, admit, forge, signed_in
from tests.ui.conftest import Server, Visit

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
WIND = "the wind is not measured at night"


@pytest.fixture(autouse=True)
def here(lively: Server) -> Iterator[Store]:
    before = stores._chosen
    yield stores.choose(lively.folder / ".mlops")
    stores.choose(before)


@pytest.fixture(scope="module")
def people(lively: Server) -> None:
    before = stores._chosen
    stores.choose(lively.folder / ".mlops")
    admit()
    stores.choose(before)


def version(name: str) -> str:
    """A version of its own, registered by Ada."""
    run = ml.runs("experiment = 'late-flights'", limit=1)[0].id
    with acting("ada", verified="basic auth"):
        return str(ml.register(name, run).ref)


def hazards(page: Any) -> Any:
    return page.get_by_role("table", name="Hazards", exact=True).locator("tbody tr")


def named(page: Any, text: str, likelihood: str, severity: str, mitigation: str = "") -> None:
    page.get_by_text("Name a hazard", exact=True).click()
    page.get_by_label("What may go wrong").fill(text)
    page.get_by_label("How likely").select_option(likelihood)
    page.get_by_label("How bad").select_option(severity)
    page.get_by_label("What is done about it").fill(mitigation)
    page.get_by_role("button", name="Name the hazard").click()


def test_those_that_somebody_has_to_look_at_come_first(lively: Server, visitor: Visit):
    page = visitor(lively).open("risk")
    found = ml.risks()
    opened = [one.open for one in found]
    assert opened == sorted(opened, reverse=True)
    assert next(one.stage for one in found if one.open) == "production"
    rows = page.get_by_role("table", name="Risks of versions").locator("tbody tr")
    assert rows.evaluate_all("all => all.map(r => r.querySelector('th').textContent)") == [one.ref for one in found]
    champions = sum(one.open and one.stage == "production" for one in found)
    expect(page.locator(".lead")).to_contain_text(
        f"Nobody accepts the risk of {sum(opened)} versions, {champions} of them in production"
    )
    expect(rows.filter(has_text="minutes-late/1")).to_contain_text("overridden")
    rows.get_by_role("link", name="late-flights/5").click()
    expect(page.locator("h1")).to_contain_text("late-flights/5")
    expect(page).to_have_url(f"{lively.url}/risk?version=late-flights%2F5")


def test_says_what_remains_what_it_costs_and_who_accepts_it(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("risk?version=late-flights/5")
    risk = ml.risk("late-flights/5")
    cost, rule = risk.expected.cost, risk.expected.rule
    assert cost.low > rule.high
    lead = page.locator(".lead")
    expect(lead).to_contain_text("A medium risk remains in 1 of 2 hazards; grace accepts it.")
    expect(lead).to_contain_text(f"expected to cost {cost.value:,.0f} EUR per 1,000 decisions")
    expect(lead).to_contain_text(f"always answering “1” would cost {rule.value:,.0f} EUR, which is less")
    assert hazards(page).count() == 2
    expect(hazards(page).first).to_contain_text("carried over from late-flights/4")
    expect(hazards(page).nth(1)).to_contain_text(making.IMAGE)
    assert page.locator("img").count() == 0
    matrix = page.get_by_role("table", name="Level by likelihood and severity")
    assert matrix.locator("td.some").all_inner_texts() == ["▲ medium\n1", "▲ medium\n2"]
    expect(page.get_by_text("the ops desk knows")).to_be_visible()
    page.get_by_role("link", name="the canvas", exact=True).click()
    page.wait_for_url("**/canvas?model=late-flights")
    one.ready()


def test_what_it_takes_to_say_a_cost_is_asked_for(lively: Server, visitor: Visit):
    page = visitor(lively).open("risk?version=cancelled/1")
    expect(page.locator(".lead")).to_contain_text("Nobody has named what may go wrong.")
    expect(page.locator(".lead")).to_contain_text("can't be said: the canvas names no costs.")
    expect(page.get_by_role("button", name="Copy: %canvas cancelled")).to_be_visible()
    expect(page.get_by_text("A version without any is not safe")).to_be_visible()


def test_a_hazard_is_named_changed_accepted_and_void_again(lively: Server, visitor: Visit, people: None, here: Store):
    ref = version("in-turn")
    page = signed_in(visitor(lively), "ada", f"risk?version={ref}")
    named(page, f"{WIND} {making.IMAGE}", "likely", "major", "none yet")
    row = hazards(page).first
    expect(row).to_contain_text("■ high")
    (hazard,) = ml.risk(ref).hazards
    assert (hazard.text, hazard.residual, hazard.mitigation) == (f"{WIND} {making.IMAGE}", "high", "none yet")
    assert here.query(ROWS)[-1][:3] == ("person:ada", "basic auth", "risk")
    # Whoever registered it is told so.
    expect(page.locator("[data-key=accepting]")).to_contain_text("You registered this version")

    row.get_by_role("link", name="Change").click()
    page.get_by_label("What is left after that").select_option("low")
    page.get_by_label("What is done about it").fill("a second anemometer")
    page.get_by_role("button", name="Save the hazard").click()
    expect(page.locator("[data-said]").first).to_contain_text("the hazard was changed")
    expect(row).to_contain_text("● low")
    expect(page).to_have_url(f"{lively.url}/risk?{urlencode({'version': ref})}")
    assert ml.risk(ref).hazards[0].residual == "low"

    grace = signed_in(visitor(lively), "grace", f"risk?version={ref}")
    expect(grace.locator("[data-key=accepting]")).not_to_contain_text("You registered")
    grace.get_by_label("Why it can be accepted").fill("the pilots look out of the window")
    grace.get_by_role("button", name="Accept the hazard as it stands").click()
    expect(grace.locator("[data-said]").first).to_contain_text("the risk is accepted")
    found = ml.risk(ref).accepted
    assert (found.actor, found.verified, found.reason) == (
        "person:grace",
        "basic auth",
        "the pilots look out of the window",
    )
    expect(page.locator(".lead")).to_contain_text("grace accepts it")

    row.get_by_role("link", name="Change").click()
    page.get_by_label("What is left after that").select_option("")
    page.get_by_role("button", name="Save the hazard").click()
    expect(page.locator(".lead")).to_contain_text("A high risk remains in the one hazard that was named")
    expect(grace.locator(".lead")).to_contain_text("the hazards changed since somebody accepted them")
    assert ml.risk(ref).void
    row.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("None was named.")).to_be_visible()
    assert ml.risk(ref).hazards == ()
    log = page.get_by_role("table", name="Revisions").locator("tbody tr")
    assert [text.split()[0] for text in log.locator("td:last-child").all_inner_texts()] == [
        "removed",
        "changed",
        "accepted",
        "changed",
        "named",
    ]


def test_what_was_not_looked_at_is_not_accepted(lively: Server, visitor: Visit, people: None, here: Store):
    ref = version("unseen")
    ml.risk(ref, hazard=WIND, likelihood="rare", severity="minor")
    seen = ml.risk(ref).seen
    page = signed_in(visitor(lively), "grace", f"risk?version={ref}")
    expect(page.get_by_role("button", name="Accept the hazard as it stands")).to_be_enabled()
    with acting("bob", verified="basic auth"):
        ml.risk(ref, hazard="wings fall off", likelihood="likely", severity="severe")
    rows = here.query(ROWS)
    forge(page, "accept-risk", reason="it is small", seen=seen)
    expect(page.locator("[data-key=trouble]")).to_contain_text(f"the hazards of {ref} changed meanwhile: bob saved")
    assert here.query(ROWS) == rows
    # What the page shows by now is what the button accepts.
    page.get_by_label("Why it can be accepted").fill("both are known")
    page.get_by_role("button", name="Accept the 2 hazards as they stand").click()
    expect(page.locator("[data-said]").first).to_contain_text("the risk is accepted")


def test_of_two_who_change_a_hazard_the_later_is_told(lively: Server, visitor: Visit, people: None):
    ref = version("both")
    ml.risk(ref, hazard=WIND, likelihood="rare", severity="minor")
    page = signed_in(visitor(lively), "ada", f"risk?{urlencode({'version': ref, 'edit': WIND})}")
    page.get_by_label("What is done about it").fill("Ada's idea")
    with acting("bob", verified="basic auth"):
        ml.risk(ref, hazard=WIND, likelihood="likely", mitigation="Bob's idea")
    expect(page.locator(".meanwhile")).to_contain_text("Now it says: likely, minor, medium left; Bob's idea.")
    expect(page.get_by_label("What is done about it")).to_have_value("Ada's idea")
    page.get_by_role("button", name="Save the hazard").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text("this hazard of both/1 changed meanwhile")
    assert ml.risk(ref).hazards[0].mitigation == "Bob's idea"
    expect(page.get_by_label("What is done about it")).to_have_value("Ada's idea")
    page.get_by_role("button", name="Save yours over it").click()
    expect(page.locator("[data-said]").first).to_contain_text("the hazard was changed")
    (hazard,) = ml.risk(ref).hazards
    assert (hazard.mitigation, hazard.likelihood) == ("Ada's idea", "rare")


def test_a_hazard_that_was_removed_while_it_is_being_changed(lively: Server, visitor: Visit, people: None):
    ref = version("gone")
    ml.risk(ref, hazard=WIND, likelihood="rare", severity="minor")
    page = signed_in(visitor(lively), "ada", f"risk?{urlencode({'version': ref, 'edit': WIND})}")
    page.get_by_label("What is done about it").fill("too late")
    ml.risk(ref, remove=WIND)
    expect(page.locator(".meanwhile")).to_contain_text("Somebody removed it meanwhile")
    page.get_by_role("button", name="Save the hazard").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text("changed meanwhile")
    assert ml.risk(ref).hazards == ()
    expect(page.get_by_label("What is done about it")).to_have_value("too late")
    page = visitor(lively).open(f"risk?{urlencode({'version': ref, 'edit': WIND})}")
    expect(page.locator("h1")).to_contain_text("gone/1")


def test_what_cannot_be_read_for_a_while_takes_nothing_away(lively: Server, visitor: Visit, people: None):
    ref = version("binned-risk")
    page = signed_in(visitor(lively), "ada", f"risk?version={ref}")
    page.get_by_text("Name a hazard", exact=True).click()
    page.get_by_label("What may go wrong").fill(WIND)
    ml.trash("binned-risk", kind="model")
    expect(page.locator("[data-key=trouble]")).to_be_visible()
    expect(page.get_by_label("What may go wrong")).to_have_value(WIND)
    ml.restore("binned-risk", kind="model")
    expect(page.locator("[data-key=trouble]")).to_have_count(0)
    expect(page.get_by_label("What may go wrong")).to_have_value(WIND)


REFUSED = {
    "no likelihood": ({"What may go wrong": WIND}, "needs its likelihood"),
    "two lines of words": (
        {"What may go wrong": "x" * 201, "How likely": "rare", "How bad": "minor"},
        "201 characters",
    ),
    "too long a text": (
        {"What may go wrong": WIND, "What is done about it": "x" * 1_000_000, "How likely": "rare", "How bad": "minor"},
        "the mitigation has 1,000,000 characters; expected at most 10,000",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_was_typed_stays_when_it_is_refused(lively: Server, visitor: Visit, people: None, here: Store, what: str):
    typed, said = REFUSED[what]
    rows = here.query(ROWS)
    page = signed_in(visitor(lively, quiet=False), "ada", "risk?version=cancelled/2")
    page.get_by_text("Name a hazard", exact=True).click()
    for label, text in typed.items():
        field = page.get_by_label(label)
        field.select_option(text) if label.startswith("How") else field.fill(text)
    page.get_by_role("button", name="Name the hazard").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text(said)
    for label, text in typed.items():
        assert page.get_by_label(label).input_value() == text
    assert here.query(ROWS) == rows


def test_the_words_of_another_hazard_do_not_change_that_one(lively: Server, visitor: Visit, people: None):
    ref = version("same-words")
    ml.risk(ref, hazard=WIND, likelihood="rare", severity="minor", mitigation="kept")
    page = signed_in(visitor(lively), "ada", f"risk?version={ref}")
    named(page, f"  {WIND} ", "likely", "severe")
    expect(page.locator("[data-key=trouble]")).to_contain_text("this hazard is named already")
    assert [(one.likelihood, one.mitigation) for one in ml.risk(ref).hazards] == [("rare", "kept")]


@pytest.mark.parametrize("who", ["guest", "vera"])
def test_who_may_not_write_is_not_offered_it_and_refused(
    lively: Server, visitor: Visit, people: None, here: Store, who: str
):
    ml.risk("minutes-late/1", hazard=WIND, likelihood="rare", severity="minor")
    one, to = visitor(lively), f"risk?{urlencode({'version': 'minutes-late/1', 'edit': WIND})}"
    page = one.open(to) if who == "guest" else signed_in(one, who, to)
    expect(hazards(page)).to_have_count(1)
    assert page.locator(".page textarea, .page select, form[data-do]:not(.search)").count() == 0
    expect(page.get_by_role("link", name="Change")).to_have_count(0)
    before, rows = ml.risk("minutes-late/1"), here.query(ROWS)
    words = {"hazard": WIND, "likelihood": "likely", "severity": "severe", "reason": "forged", "remove": "yes"}
    for do in ("name-hazard", "change-hazard", "accept-risk"):
        forge(page, do, **words)
        expect(page.locator("[data-key=trouble]")).to_contain_text("only an editor may do this")
    assert (ml.risk("minutes-late/1"), here.query(ROWS)) == (before, rows)


def test_nothing_is_done_where_no_version_is_shown(lively: Server, visitor: Visit, people: None, here: Store):
    page = signed_in(visitor(lively), "ada", "risk")
    rows = here.query(ROWS)
    for do in ("name-hazard", "change-hazard", "accept-risk"):
        forge(page, do, hazard=WIND, likelihood="rare", severity="minor", reason="x")
        expect(page.locator("[data-key=trouble]")).to_contain_text("no version is shown here")
    forge(page, "save-canvas", revision="0", owner="x")
    assert here.query(ROWS) == rows


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("seat-demand", "seat-demand"),
        ("seat-demand/1", "seat-demand"),
        ("late-flights/99", "99"),
        ("late-fligths/1", "did you mean 'late-flights'?"),
        (making.SCRIPT, "is not a reference"),
        ("../../etc/passwd", "is not a reference"),
    ],
)
def test_what_is_no_version_is_refused_in_a_sentence(lively: Server, visitor: Visit, ref: str, said: str):
    page = visitor(lively).open(f"risk?{urlencode({'version': ref})}")
    expect(page.locator("[data-key=trouble]")).to_contain_text(said)
    page.get_by_role("link", name="All versions that have risks").click()
    page.wait_for_url("**/risk")

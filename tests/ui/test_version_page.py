"""One version: where it stands and what is next, on what evidence, and who may let it on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from mlops_nb.store.store import Store
from tests.ui import governing
from tests.ui.acting import PASSWORD, ROWS, forge, signed_in
from tests.ui.conftest import Server, Visit, copy_of, served
from tests.ui.test_every_page import SERIOUS, axe

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
WAITS = "version?version=late-flights/5"
PEOPLE = (("ada", "approver"), ("grace", "approver"), ("eve", "editor"), ("vera", "viewer"))


@pytest.fixture
def server(made: Path, tmp_path: Path) -> Iterator[Server]:
    """A store of its own for each test that changes it."""
    folder = copy_of(made, tmp_path)
    before = stores._chosen
    stores.choose(folder / ".mlops")
    for name, role in PEOPLE:
        ml.people.add(name, role=role, password=PASSWORD)
    yield from served(folder)
    stores.choose(before)


@pytest.fixture
def here(lively: Server) -> Iterator[Store]:
    before = stores._chosen
    yield stores.choose(lively.folder / ".mlops")
    stores.choose(before)


def audit() -> list[tuple[Any, ...]]:
    return stores.current().query(ROWS)


def gates(page: Any) -> Any:
    return page.get_by_role("table", name="Gates into production").locator("tbody tr")


def test_says_where_it_stands_and_what_is_next(lively: Server, visitor: Visit, here: Store):
    page = visitor(lively, permissions=["clipboard-read", "clipboard-write"]).open(WAITS)
    expect(page.locator(".lead")).to_contain_text("late-flights/5 is in ◐ staging since")
    following = page.locator("[data-key=next]")
    expect(following).to_contain_text("11 of 12 gates into production pass")
    expect(following).to_contain_text("an approval by somebody other than ada is missing. An approver signs in")
    following.get_by_role("button").click()
    page.get_by_text("copied", exact=True).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "%approve late-flights/5 --reason …"


def test_each_gate_says_its_verdict_and_what_that_rests_on(lively: Server, visitor: Visit, here: Store):
    page = visitor(lively).open(WAITS)
    check = governing_check()
    expect(gates(page)).to_have_count(len(check.results))
    for one in check.results:
        row = gates(page).filter(has=page.locator(f'code:text-is("{one.gate}")'))
        expect(row).to_contain_text(one.verdict)
        expect(row).to_contain_text(one.says)
        if one.n is not None:
            expect(row.locator("td").nth(6)).to_have_text(f"{one.n:,}")
    closed = gates(page).first
    expect(closed).to_contain_text("insufficient")
    # What can't be said is never told in the colour of what is good.
    assert closed.locator(".good").count() == 0
    assert closed.locator(".warn").count() == 1
    row = gates(page).filter(has_text="metric roc_auc")
    expect(row).to_contain_text("0.6000")
    row.get_by_role("link", name="evaluation").click()
    page.wait_for_url(re.compile(r"part=evaluation&evaluation="))
    expect(page.get_by_role("heading", name="Calibration")).to_be_visible()


def governing_check() -> Any:
    from mlops_nb.registry.gates.reading import last_check
    from mlops_nb.registry.resolving import resolve_version

    store = stores.current()
    return last_check(store, resolve_version(store, "late-flights/5"), "production")


def test_the_parts_of_the_page(lively: Server, visitor: Visit, here: Store):
    one = visitor(lively)
    page = one.open(WAITS)
    parts = page.get_by_role("navigation", name="Parts of this version")
    parts.get_by_role("link", name="Evaluation").click()
    found = ml.evaluations("late-flights/5")[0]
    rows = page.get_by_role("table", name="Metrics").locator("tbody tr")
    expect(rows).to_have_count(len(found.findings.scored))
    slices = page.get_by_role("table", name="By origin").locator("tbody tr")
    expect(slices).to_have_count(3)
    expect(page.get_by_role("img", name=re.compile("Probabilities of 1 are off by"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("roc_auc by origin"))).to_be_visible()
    expect(page.get_by_role("table", name="Calibration").locator("tbody tr")).to_have_count(
        len(found.findings.calibration.bins)
    )
    parts.get_by_role("link", name="Risk").click()
    expect(page.get_by_role("table", name="Hazards").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_text("accepted by grace")).to_be_visible()
    expect(page.get_by_text("EUR per 1,000 decisions")).to_be_visible()
    parts.get_by_role("link", name="Card").click()
    expect(page.get_by_text("6 of 6 words were said by people")).to_be_visible()
    for name in ("Explanation", "Fairness"):
        parts.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Explanation")).to_be_visible()
    assert page.locator("img[onerror]").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("part", ["evaluation", "risk", "card", "explanation", "fairness"])
def test_every_part_is_accessible_and_fits_a_telephone(
    lively: Server, visitor: Visit, here: Store, part: str, theme: str
):
    page = visitor(lively, theme=theme, width=390).open(f"{WAITS}&part={part}")
    assert [found for found in axe(page) if found["impact"] in SERIOUS] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_card_is_taken_along_as_one_file(lively: Server, visitor: Visit, here: Store, tmp_path: Path):
    page = visitor(lively).open(f"{WAITS}&part=card")
    for name, ending in (("HTML", "html"), ("Markdown", "md")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Save card as {name}").click()
        assert saved.value.suggested_filename == f"card-late-flights-5.{ending}"
        file = tmp_path / saved.value.suggested_filename
        saved.value.save_as(file)
        card = ml.card("late-flights/5")
        assert file.read_text("utf-8") == (card.document() if ending == "html" else card.markdown())


def test_marks_and_their_reason_show(lively: Server, visitor: Visit, here: Store):
    page = visitor(lively).open("version?version=minutes-late@production")
    expect(page.locator("h1")).to_contain_text("▲ overridden")
    expect(page.locator(".lead")).to_contain_text(
        f"ada let it in ▲ against the gates (4 of 6 passed): “the fair is tomorrow {governing.HOSTILE}"
    )
    expect(gates(page).first).to_contain_text("✗ fail")
    page = visitor(lively).open("version?version=cancelled/1")
    expect(page.locator("h1")).to_contain_text("▲ ungated")
    expect(page.locator(".lead")).to_contain_text("judged by no policy")
    assert page.locator("img[onerror]").count() == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("version?version=late-flights/99", "has no version 99"),
        ("version?version=late-fligths/1", "late-flights"),
        (f"{WAITS}&stage=archived", "no gates stand before"),
        (f"{WAITS}&part=nonsense", "there is no part"),
        (f"{WAITS}&check=01AAAAAAAAAAAAAAAAAAAAAAAA", "no gates were asked as"),
        (f"{WAITS}&part=evaluation&evaluation=01AAAAAAAAAAAAAAAAAAAAAAAA", "has no evaluation"),
    ],
)
def test_what_is_not_there_is_a_sentence(lively: Server, visitor: Visit, here: Store, address: str, said: str):
    page = visitor(lively).open(address)
    expect(page.locator("[data-key=trouble]")).to_contain_text(said)


def test_the_author_is_refused_another_approves_and_the_version_moves(server: Server, visitor: Visit):
    ada = signed_in(visitor(server), "ada", WAITS)
    expect(ada.get_by_text("You can't decide about it: who registered it does not approve it.")).to_be_visible()
    expect(ada.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    before = audit()
    forge(ada, "decide", verdict="approve", stage="production", reason="I made it myself")
    expect(ada.locator("[data-key=trouble]")).to_contain_text(
        "ada can't decide about late-flights/5: who registered it"
    )
    assert audit() == before

    grace = signed_in(visitor(server), "grace", WAITS)
    expect(grace.locator("[data-key=next]")).to_contain_text("You can approve it below")
    grace.get_by_label("Why").last.fill(f"better at all three airports {governing.HOSTILE}")
    grace.get_by_role("button", name="Approve", exact=True).click()
    expect(grace.locator("[data-said]").first).to_contain_text("you approved late-flights/5 for production")
    assert audit()[-1][:3] == ("person:grace", "basic auth", "approve")
    for page in (grace, ada):
        expect(page.get_by_role("table", name=re.compile("Who approved"))).to_contain_text("✓ approved")
        expect(page.locator("[data-key=next]")).to_contain_text(
            "grace approved since: move it into production instead of"
        )
    expect(grace.get_by_text("You approved it on")).to_be_visible()

    ada.locator("summary").filter(has_text="Move").click()
    form = ada.locator("form").filter(has=ada.get_by_role("button", name="Move it into production"))
    expect(form).to_contain_text("late-flights/4 is archived in the same step")
    form.get_by_label("Why").fill("approved on Monday")
    form.get_by_role("button", name="Move it into production").click()
    for page in (ada, grace):
        expect(page.locator("h1")).to_contain_text("● production", timeout=60_000)
        expect(page.locator(".lead")).to_contain_text("ada moved it there, and every gate passed: “approved on Monday”")
    assert ml.stages("late-flights").production.ref == "late-flights/5"
    assert audit()[-1][:3] == ("person:ada", "basic auth", "stage")
    assert not stores.current().verify_audit().fault
    assert ada.locator("img[onerror]").count() == 0


def test_a_rejection_closes_the_gate(server: Server, visitor: Visit):
    page = signed_in(visitor(server), "grace", WAITS)
    page.get_by_label("Why").last.fill("not before the storm season")
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(page.get_by_role("table", name=re.compile("Who approved"))).to_contain_text("✗ rejected")
    page.get_by_role("button", name="Ask the gates now").click()
    asked = gates(page).filter(has=page.locator('code:text-is("approval")'))
    expect(asked).to_contain_text("✗ fail", timeout=60_000)
    expect(asked).to_contain_text("grace rejected it")
    assert [row[2] for row in audit()[-2:]] == ["reject", "gates"]


def test_a_closed_gate_is_a_sentence_and_an_override_stays_on_record(server: Server, visitor: Visit):
    page = signed_in(visitor(server), "eve", "version?version=late-flights/2")
    page.locator("summary").filter(has_text="Move").click()
    form = page.locator("form").filter(has=page.get_by_role("button", name="Move it into production"))
    form.get_by_label("Why").fill("the fair is tomorrow")
    form.get_by_role("button", name="Move it into production").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text(
        "late-flights/2 may not enter production", timeout=60_000
    )
    # What was typed is still there.
    expect(form.get_by_label("Why")).to_have_value("the fair is tomorrow")
    form.get_by_role("checkbox").check()
    form.get_by_role("button", name="Move it into production").click()
    expect(page.locator("h1")).to_contain_text("▲ overridden", timeout=60_000)
    expect(page.locator(".lead")).to_contain_text("eve let it in ▲ against the gates")
    assert ml.stages("late-flights").production.mark == "overridden"


def test_pins_and_goes_back_to_a_champion_before(server: Server, visitor: Visit):
    page = signed_in(visitor(server), "eve", "version?version=late-flights/1")
    page.locator("summary").filter(has_text="Pin").click()
    page.get_by_role("textbox", name=re.compile("Alias")).fill("steady")
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.locator("[data-said]").first).to_contain_text("late-flights@steady is late-flights/1 now")
    assert ml.versions("late-flights")[-1].aliases == ("steady",)
    page.locator("summary").filter(has_text="Pin").click()
    page.get_by_role("button", name="Take @steady away").click()
    expect(page.get_by_role("button", name="Take @steady away")).to_have_count(0)
    page.locator("summary").filter(has_text="Roll back to it").click()
    page.locator("form").filter(has_text="No gate is asked").get_by_label("Why").fill("back to the straight line")
    page.get_by_role("button", name="Put it back into production").click()
    expect(page.locator("h1")).to_contain_text("● production", timeout=60_000)
    assert ml.stages("late-flights").production.how == "rollback"


def test_words_of_the_card_are_asked_for_and_saved(server: Server, visitor: Visit):
    page = signed_in(visitor(server), "eve", "version?version=late-flights/2&part=card")
    expect(page.get_by_text("1 of 6 words were said")).to_be_visible()
    expect(page.get_by_text("carried over from late-flights/1, not confirmed").first).to_be_visible()
    page.locator("summary").filter(has_text="Say or change words").click()
    page.get_by_label("Limits").fill("It is a stump.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("dd").filter(has_text="It is a stump.")).to_be_visible()
    assert next(w for w in ml.card("late-flights/2").words if w.name == "limits").text == "It is a stump."
    page.get_by_role("button", name="Confirm what was carried over").click()
    expect(page.get_by_text("6 of 6 words were said by people")).to_be_visible()


@pytest.mark.parametrize("who", ["", "vera", "eve"])
def test_who_may_not_decide_is_not_offered_it_and_refused_when_forging(server: Server, visitor: Visit, who: str):
    one = visitor(server)
    page = signed_in(one, who, WAITS) if who else one.open(WAITS)
    for name in ("Approve", "Reject"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    before = audit(), ml.stages("late-flights")
    refused = "eve is no approver" if who == "eve" else "only an editor may do this"
    forge(page, "decide", verdict="approve", stage="production", reason="forged")
    expect(page.locator("[data-key=trouble]")).to_contain_text(refused)
    if who == "eve":
        forge(page, "decide", verdict="maybe", stage="production", reason="forged")
        expect(page.locator("[data-key=trouble]")).to_contain_text("neither yes nor no")
        forge(page, "stage", ref="late-flights/4", stage="production", reason="forged")
        expect(page.locator("[data-key=trouble]")).to_contain_text("this page shows late-flights/5 now")
    else:
        for name in ("Move", "Pin"):
            expect(page.locator("summary").filter(has_text=name)).to_have_count(0)
        expect(page.get_by_role("button", name="Ask the gates now")).to_have_count(0)
        for do, fields in (
            ("stage", {"stage": "archived", "reason": "forged"}),
            ("pin", {"alias": "forged"}),
            ("unpin", {"alias": "challenger"}),
            ("rollback", {"reason": "forged"}),
            ("gates", {"stage": "production"}),
            ("words", {"word_limits": "forged"}),
            ("confirm", {}),
        ):
            forge(page, do, **fields)
            expect(page.locator(".mlops[data-busy]")).to_have_count(0)
            expect(page.locator("[data-key=trouble]")).to_contain_text("only an editor may do this")
    assert (audit(), ml.stages("late-flights")) == before

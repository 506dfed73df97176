"""Audit: who changed what, when, why, on what evidence; whether the log holds; nothing can be changed there."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import mlops_nb as ml
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.store import store as stores
from mlops_nb.store.store import open_store
from tests.benchmarks.auditing import fill_audit
from tests.ui.conftest import Server, Visit, copy_of
from tests.ui.test_every_page import axe

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
LONG = int(os.environ.get("MLOPS_NB_TEST_AUDIT", "200000"))


@pytest.fixture(autouse=True)
def here(lively: Server) -> Iterator[Path]:
    before = stores._chosen
    stores.choose(lively.folder / ".mlops")
    yield lively.folder
    stores.choose(before)


@pytest.fixture
def own(lively_store: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of a copy of the lively store, which a test may damage."""
    server = Server(copy_of(lively_store, tmp_path))
    before = stores._chosen
    stores.choose(tmp_path / ".mlops")
    yield server
    server.stop()
    stores.choose(before)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("long")
    store = open_store(folder / ".mlops")
    fill_audit(store, LONG)
    store.close()
    server = Server(folder)
    yield server.start()
    server.stop()


def forced(folder: Path, *statements: str) -> None:
    """As somebody with the file would: without triggers."""
    connection = sqlite3.connect(folder / ".mlops" / "store.db", isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def numbers(page: Any) -> list[int]:
    """The rows that are shown."""
    cells = page.locator("tr[data-key^=row-] td:first-child a .mono").all_inner_texts()
    return [int(text.replace(",", "")) for text in cells]


def said(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def row(page: Any, seq: int) -> Any:
    return page.locator(f"tr[data-key=row-{seq}]")


def newest(action: str) -> Any:
    return ml.audit(did=action, limit=1)[0]


def test_says_whether_the_log_holds_and_what_that_proves(lively: Server, visitor: Visit):
    page = visitor(lively).open("audit")
    verdict = ml.audit.verify()
    expect(page.locator(".lead")).to_contain_text("The log holds")
    proof = page.locator("[data-key=proof]")
    for sentence in (*verdict.proved, *verdict.unproved):
        expect(proof).to_contain_text(sentence)
    expect(proof).to_contain_text("are what the log says of them")
    expect(proof).to_contain_text("everything at 20")


def test_the_status_line_of_every_page_leads_here_and_the_navigation_has_it_last(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("home")
    links = page.locator(".side li a").all_inner_texts()
    assert (links[0], links[-1]) == ("Home", "Audit")
    page.locator(".status").get_by_role("link", name="audit verified").click()
    page.wait_for_url("**/audit")
    one.ready()
    expect(page.locator(".side a[aria-current=page]")).to_have_text("Audit")


def test_says_who_did_what_to_which_thing_why_and_on_what_evidence(lively: Server, visitor: Visit):
    page = visitor(lively).open("audit?did=stage&about=late-flights")
    moved = next(r for r in ml.audit("late-flights", did="stage") if "archived" in r.detail)
    cells = row(page, moved.seq)
    expect(cells).to_contain_text("ada ✓ key")
    expect(cells).to_contain_text(f"staging → production, gated, archived {moved.detail['archived']}")
    expect(cells).to_contain_text(moved.why)
    assert moved.detail["archived"].startswith("late-flights/")
    expect(cells.get_by_role("link", name="gate check")).to_have_attribute("href", _href("version", moved))
    text = page.locator("tbody").inner_text()
    assert "version:" not in text
    assert "model:" not in text


def _href(slug: str, moved: Any) -> Any:
    import re

    checked = next(one for one in moved.evidence if one.startswith("checked ")).removeprefix("checked ")
    return re.compile(rf"^{slug}\?version=late-flights%2F\d+&stage=production&check={checked}$")


def test_things_lead_to_their_pages(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("audit?did=note")
    page.locator("tr[data-key^=row-] td.to a").first.click()
    page.wait_for_url("**/run?run=*")
    one.ready()
    page = one.open("audit?did=add+person&about=grace&kind=person")
    page.locator("tr[data-key^=row-] td.to a").first.click()
    page.wait_for_url("**/audit?about=grace&kind=person")
    assert numbers(page) == [r.seq for r in ml.audit("grace", kind="person")]


def test_names_that_were_not_checked_say_so(lively: Server, visitor: Visit):
    page = visitor(lively).open("audit?did=note")
    expect(row(page, newest("note").seq)).to_contain_text("not verified")


def test_filters_stand_in_the_address_and_what_exists_is_suggested(lively: Server, visitor: Visit):
    page = visitor(lively).open("audit")
    about = page.locator("input[name=about]")
    about.press_sequentially("late-flights/")
    expect(page.locator("[role=option]:visible").filter(has_text="late-flights/5")).to_be_visible()
    about.fill("late-flights/5")
    page.keyboard.press("Escape")
    by = page.locator("input[name=by]")
    by.press_sequentially("gr")
    expect(page.locator("[role=option]:visible")).to_have_text(["grace"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(by).to_have_value("grace")
    did = page.locator("select[name=did]")
    assert set(did.locator("option").all_inner_texts()) == {"anything done", *(r.action for r in ml.audit(limit=1000))}
    did.select_option("risk")
    page.locator("input[name=since]").fill("-7d")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**/audit?about=*")
    found = ml.audit("late-flights/5", by="grace", did="risk", since="-7d")
    assert len(found) == 1
    expect(page.locator("tr[data-key^=row-]")).to_have_count(1)
    assert numbers(page) == [r.seq for r in found]
    asked = {"about": ["late-flights/5"], "by": ["grace"], "did": ["risk"], "since": ["-7d"], "zone": ["UTC"]}
    assert said(page) | {"zone": ["UTC"]} == asked
    page.reload()
    page.wait_for_function("document.documentElement.dataset.ready === 'true'")
    assert numbers(page) == [r.seq for r in found]
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("tr[data-key^=row-]")).to_have_count(50)
    assert said(page) == {}


def test_days_are_those_of_whoever_asks_and_stay_so_for_whoever_is_shown(lively: Server, visitor: Visit):
    from datetime import datetime
    from zoneinfo import ZoneInfo

    zone = "Pacific/Kiritimati"
    day = datetime.fromtimestamp(ml.audit()[0].time_us / 1e6, ZoneInfo(zone)).date().isoformat()
    page = visitor(lively, timezone_id=zone).open("audit")
    page.locator("input[name=since]").fill(day)
    page.locator("input[name=until]").fill(day)
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**zone=Pacific*")
    expect(page.locator("tr[data-key^=row-]")).not_to_have_count(0)
    address = page.url.rpartition("/")[2]
    elsewhere = visitor(lively, timezone_id="America/New_York").open(address)
    expect(elsewhere.locator("body")).to_contain_text(f"Since and until are moments in {zone}")
    assert numbers(elsewhere) == numbers(page)


def test_a_name_of_several_things_is_a_choice(lively: Server, visitor: Visit):
    page = visitor(lively).open("audit?about=late-flights")
    expect(page.locator("[data-key=chips]")).to_contain_text("late-flights is a name of several things")
    page.get_by_role("link", name="the model").click()
    page.wait_for_url("**kind=model*")
    assert numbers(page) == [r.seq for r in ml.audit("late-flights", kind="model")]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("audit?about=late-flihgts", "did you mean 'late-flights'"),
        ("audit?by=grcae", "did you mean 'grace'"),
        ("audit?did=stge", "did you mean 'stage'"),
        ("audit?since=yesterday", "is no moment"),
        ("audit?until=2026-13-01", "is no moment"),
        ("audit?after=x", "is no cursor"),
        ("audit?limit=100000", "rows on one page"),
        ("audit?row=9999999999999999999", "there is no row"),
    ],
)
def test_what_cant_be_asked_is_said_in_a_sentence(lively: Server, visitor: Visit, address: str, sentence: str):
    page = visitor(lively).open(address)
    expect(page.locator("[data-key=trouble]")).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Filter", exact=True)).to_be_visible()


def test_pages_in_any_order(lively: Server, visitor: Visit):
    every = [r.seq for r in ml.audit(limit=1000)]
    page = visitor(lively).open("audit?limit=20")
    assert numbers(page) == every[:20]
    for name, wanted in (
        ("Older", every[20:40]),
        ("Older", every[40:60]),
        ("Newer", every[20:40]),
        ("Oldest", every[-20:]),
        ("Newer", every[-40:-20]),
        ("Newest", every[:20]),
    ):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("tr[data-key^=row-] .mono").first).to_have_text(str(wanted[0]))
        assert numbers(page) == wanted, name
    expect(page.get_by_role("link", name="Newer", exact=True)).to_have_count(0)
    page.get_by_label("Row", exact=True).fill("7")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator("tr[data-key=opened-7]")).to_be_visible()
    page = visitor(lively).open("audit?row=100000")
    expect(page.locator("body")).to_contain_text("There is no row 100,000")


def test_a_row_opens_to_all_that_is_known_of_it(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("audit?did=approve")
    approved = newest("approve")
    link = row(page, approved.seq).get_by_role("link").first
    expect(link).to_have_attribute("aria-expanded", "false")
    link.focus()
    page.keyboard.press("Enter")
    opened = page.locator(f"tr[data-key=opened-{approved.seq}]")
    page.wait_for_url(f"**/audit?did=approve&row={approved.seq}")
    chained, previous, digest, subject = stores.current().query(
        "SELECT detail, previous, digest, subject FROM audit WHERE seq = ?", (approved.seq,)
    )[0]
    shown = opened.inner_text()
    for text in (previous, digest, subject, approved.why, *(one.partition(" ")[2] for one in approved.evidence)):
        assert text in shown
    import json

    assert json.loads(opened.locator("pre").inner_text()) == json.loads(chained)
    assert axe(page) == []
    page.reload()
    one.ready()
    expect(opened).to_be_visible()
    row(page, approved.seq).get_by_role("link").first.click()
    expect(opened).to_have_count(0)
    page.wait_for_url("**/audit?did=approve")


def test_an_erased_reason_says_so_and_the_log_stays_whole(own: Server, visitor: Visit):
    rejected = newest("reject")
    forced(own.folder, f"DELETE FROM reason WHERE body = '{rejected.why}'")
    page = visitor(own.start()).open(f"audit?did=reject&row={rejected.seq}")
    expect(row(page, rejected.seq)).to_contain_text("(the reason was erased)")
    expect(page.locator("tr.opened")).to_contain_text("is erased; the chain has its digest and stays whole")
    expect(page.locator(".lead")).to_contain_text("The log holds")
    assert "guessing" not in page.locator("tbody").inner_text()


def test_what_is_done_meanwhile_appears_by_itself(own: Server, visitor: Visit):
    page = visitor(own.start()).open("audit?row=7&limit=20")
    last = ml.audit()[0].seq
    ml.note("last", "seen by an auditor")
    expect(row(visitor(own).open("audit"), last + 1)).to_contain_text("note")
    assert "7" in said(page)["row"]


@pytest.mark.parametrize(
    ("damage", "bad", "sentence"),
    [
        ("UPDATE audit SET actor = 'person:eve' WHERE seq = 30", 30, "audit row 30 was altered"),
        ("DELETE FROM audit WHERE seq = 30", 31, "audit row 31 does not follow row 29"),
        (
            "UPDATE audit SET subject = CAST(x'ff00' AS TEXT), detail = x'00', time_us = 'x' WHERE seq = 30",
            30,
            "audit row 30 was altered: it is no text",
        ),
        ("UPDATE audit SET time_us = 9223372036854775807, detail = '[1]' WHERE seq = 30", 30, "row 30 was altered"),
        ("DELETE FROM audit WHERE seq > 30", 0, "ends at row 30, but row"),
    ],
    ids=["altered", "removed", "bytes", "time", "cut"],
)
def test_of_a_damaged_log_the_page_opens_and_marks_the_first_bad_row(
    own: Server, visitor: Visit, damage: str, bad: int, sentence: str
):
    forced(own.folder, damage)
    page = visitor(own.start()).open("audit")
    expect(page.locator(".lead")).to_contain_text("The log does not hold")
    expect(page.locator(".lead")).to_contain_text(sentence)
    expect(page.locator(".status")).to_contain_text(sentence)
    assert numbers(page)
    if not bad:
        return
    page.get_by_role("link", name=f"Go to row {bad}").click()
    expect(page.locator(f"tr[data-key=opened-{bad}]")).to_be_visible()
    expect(row(page, bad)).to_contain_text("✕ first bad row")
    expect(row(page, bad + 1)).to_contain_text("not proved")
    expect(row(page, bad + 1)).not_to_contain_text("first bad row")
    assert axe(page) == []


def test_check_now_finds_what_was_altered_beside_the_log(own: Server, visitor: Visit):
    page = visitor(own.start()).open("audit")
    expect(page.locator(".lead")).to_contain_text("The log holds")
    page.wait_for_timeout(2_500)  # a check of just now would do
    forced(own.folder, "UPDATE approval SET verdict = 'approve'")
    # While a check that the change began is under way there is no button: it is asked for once that is done.
    page.get_by_role("button", name="Check now").click(timeout=60_000)
    expect(page.locator(".lead")).to_contain_text("The store does not agree with its log", timeout=60_000)
    expect(page.locator("[data-key=proof]")).to_contain_text("approval 2 of the history is not the one in the log")


def test_nothing_can_be_changed(lively: Server):
    from mlops_nb.pages.visit import Visit as Arrival

    view = BY_SLUG["audit"].view()(BY_SLUG["audit"], Arrival())
    assert view.acts() == {}


def test_an_empty_store_says_how_to_begin(empty: Server, visitor: Visit):
    page = visitor(empty).open("audit")
    expect(page.locator(".lead")).to_have_text("Nothing was done here yet.")
    expect(page.locator("pre")).to_contain_text("%%track")


@pytest.mark.slow
def test_a_long_log_opens_and_is_checked_while_it_is_read(long: Server, visitor: Visit):
    one = visitor(long)
    page = one.open("audit")
    assert numbers(page) == list(range(LONG, LONG - 50, -1))
    expect(page.locator(".pager")).to_contain_text(f"50 of {LONG:,} rows")
    page.get_by_role("link", name="Oldest", exact=True).click()
    expect(row(page, 1)).to_contain_text("create")
    expect(page.locator("[data-key=proof]")).to_contain_text("everything at 20", timeout=120_000)
    expect(page.locator(".lead")).to_contain_text(f"The log holds: {LONG:,} rows")
    page = one.open("audit?by=ada&did=gates&until=2999-01-01")
    expect(page.locator(".pager")).to_contain_text("50 of more than 10,000 rows that match")
    before = re.search(r"everything at [0-9: -]+", page.locator("[data-key=proof]").inner_text())
    assert before is not None
    page.wait_for_timeout(2_500)  # a check of just now would do
    page.get_by_role("button", name="Check now").click(timeout=120_000)
    expect(page.locator("[data-key=proof]")).not_to_contain_text(before[0], timeout=120_000)
    page.get_by_role("link", name="Older", exact=True).click()
    page.wait_for_url("**after=*")
    expect(page.get_by_role("button", name="Check now")).to_be_visible(timeout=120_000)

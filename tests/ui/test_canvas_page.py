"""Canvas: the arrangement that people know, a form that loses nothing, and two people who write at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import mlops_nb as ml
from mlops_nb.registry.framing.blocks import BLOCKS
from mlops_nb.store import store as stores
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store
from tests.ui import making
from tests.ui.acting import ROWS, admit, forge, signed_in
from tests.ui.conftest import Server, Visit

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
LATE = "canvas?model=late-flights"
CLOSING = "</textarea><img src=x onerror=alert(1)>"


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


def fields(model: str) -> dict[str, Any]:
    return dict(ml.canvas(model).fields)


def editing(one: Any, name: str, model: str) -> Any:
    page = signed_in(one, name, f"canvas?model={model}&edit=1")
    expect(page.get_by_role("button", name="Save canvas")).to_be_enabled()
    return page


def save(page: Any) -> None:
    page.get_by_role("button", name="Save canvas").click()


def test_lists_canvases_and_the_models_without_one(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open("canvas")
    found = ml.canvases()
    have = [canvas for canvas in found if canvas.revision]
    expect(page.locator(".lead")).to_contain_text(f"{len(have)} of {len(found)} models have a canvas")
    rows = page.get_by_role("table", name="Canvases").locator("tbody tr")
    assert rows.evaluate_all("rows => rows.map(r => r.querySelector('th').textContent)") == [c.model for c in found]
    expect(rows.filter(has_text="cancelled")).to_contain_text("no canvas yet")
    rows.get_by_role("link", name="seat-demand").click()
    expect(page.locator("h1")).to_contain_text("seat-demand")
    expect(page.locator("[data-key=state]")).to_contain_text("no version yet")


def test_a_page_of_the_list_comes_from_the_store(lively: Server, visitor: Visit, here: Store, monkeypatch):
    with acting("ada", verified="basic auth"):
        for i in range(30):
            ml.canvas(f"many-{i:02}", fields={"owner": "ada"})
    page = visitor(lively).open("canvas")
    rows = page.get_by_role("table", name="Canvases").locator("tbody tr")
    assert rows.count() == 25
    page.get_by_role("link", name="Next page").click()
    expect(rows.filter(has_text="many-00")).to_have_count(1)
    assert "after=25" in page.url
    for i in range(30):
        ml.trash(f"many-{i:02}", kind="model")


def test_the_ten_blocks_stand_where_people_know_them(lively: Server, visitor: Visit):
    page = visitor(lively).open(LATE)
    boxes = {
        one.name: page.locator(".block")
        .filter(has=page.get_by_role("heading", name=one.title, exact=True))
        .bounding_box()
        for one in BLOCKS
    }
    top = ["prediction_task", "decisions", "value_proposition", "data_collection", "data_sources"]
    assert sorted(top, key=lambda name: boxes[name]["x"]) == top
    assert len({boxes[name]["y"] for name in top}) == 1
    below = ["impact_simulation", "making_predictions", "building_models", "features"]
    assert [boxes[name]["x"] for name in below] == [boxes[name]["x"] for name in top if name != "value_proposition"]
    middle, last = boxes["value_proposition"], boxes["features"]
    assert middle["y"] + middle["height"] == pytest.approx(last["y"] + last["height"], abs=1)
    assert boxes["monitoring"]["width"] == pytest.approx(5 * boxes["decisions"]["width"] + 4 * 8, abs=2)
    narrow = visitor(lively, width=390).open(LATE)
    heads = narrow.locator(".block h2").evaluate_all(
        "all => all.map(h => [h.textContent, h.getBoundingClientRect().x])"
    )
    assert [name for name, _ in heads] == [one.title for one in BLOCKS]
    assert len({x for _, x in heads}) == 1


def test_says_what_it_is_for_what_is_missing_and_whether_it_can_be_done(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open(LATE)
    canvas = ml.canvas("late-flights")
    expect(page.locator(".lead")).to_contain_text("Will this flight arrive more than 15 minutes late?")
    expect(page.locator(".lead")).to_contain_text("roc_auc ≥ 0.6")
    missing = page.locator("[data-key=missing]")
    for block in BLOCKS:
        assert (block.title in missing.inner_text()) == (block.name not in canvas.fields)
    expect(page.get_by_text("created by Louis Dorard")).to_contain_text("OWNML, CC BY-SA 4.0")
    assert page.get_by_role("link", name="ownml.co").get_attribute("href") == "https://www.ownml.co"
    assert page.get_by_text(making.IMAGE).count() >= 1
    assert page.locator("img").count() == 0
    checks = page.get_by_role("table", name="Feasibility").locator("tbody tr")
    assert checks.locator("th").all_inner_texts() == [check.name for check in canvas.feasibility]
    expect(page.get_by_role("table", name="What a decision costs and brings")).to_contain_text("−40 EUR")
    decided = page.locator("article.decision")
    expect(decided).to_contain_text("✓ a straight line")
    decided.get_by_role("link").click()
    page.wait_for_url("**/run?run=*")
    one.ready()
    expect(page.locator("h1")).to_contain_text("late-flights")


def test_saving_is_verified_and_on_record(lively: Server, visitor: Visit, people: None, here: Store):
    before = ml.canvas("seat-demand").revision
    page = signed_in(visitor(lively), "ada", "canvas?model=seat-demand")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Monitoring").fill(f"\nseats sold\nand {CLOSING}")
    page.get_by_label("Success metric").select_option("mae")
    page.get_by_label("Task", exact=True).select_option("regression")
    page.get_by_label("Target", exact=True).fill("2.5")
    save(page)
    expect(page.locator("[data-said]").first).to_contain_text(f"saved as revision {before + 1}")
    expect(page).to_have_url(f"{lively.url}/canvas?model=seat-demand")
    assert fields("seat-demand")["monitoring"] == f"seats sold\nand {CLOSING}"
    assert ml.canvas("seat-demand").success.target == 2.5
    assert here.query(ROWS)[-1][:3] == ("person:ada", "basic auth", "canvas")
    row = page.get_by_role("table", name="Revisions").locator("tbody tr").first
    expect(row).to_contain_text("ada ✓ basic auth")
    expect(row).to_contain_text("Target 2.5")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Monitoring")).to_have_value(f"seats sold\nand {CLOSING}")
    expect(page.get_by_label("Target", exact=True)).to_have_value("2.5")
    assert page.locator("img").count() == 0
    page.get_by_role("link", name="Leave it").click()
    expect(page.get_by_label("Monitoring")).to_have_count(0)


REFUSED = {
    "a target that cannot be": ({"Target": "75"}, "roc_auc is never 75"),
    "no number": ({"Cost of a false positive": "0,75"}, "cost_false_positive is '0,75'; expected a number"),
    "too long a text": ({"Features": "x" * 1_000_000}, "features has 1,000,000 characters; expected at most 10,000"),
    "a control character": ({"Owner": "A\u202eB"}, "owner has a control character"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_was_typed_stays_when_it_is_refused(lively: Server, visitor: Visit, people: None, here: Store, what: str):
    typed, said = REFUSED[what]
    before, rows = ml.canvas("late-flights"), here.query(ROWS)
    page = editing(visitor(lively, quiet=False), "ada", "late-flights")
    page.get_by_label("Contact").fill("the desk, 4711")
    for label, text in typed.items():
        page.get_by_label(label, exact=True).fill(text)
    save(page)
    expect(page.locator("[data-key=bar]")).to_contain_text(f"Not saved: {said}")
    expect(page.locator("[data-key=trouble]")).to_contain_text(said)
    for label, text in typed.items():
        assert page.get_by_label(label, exact=True).input_value() == text
    expect(page.get_by_label("Contact")).to_have_value("the desk, 4711")
    assert (ml.canvas("late-flights"), here.query(ROWS)) == (before, rows)


def test_what_others_save_meanwhile_is_said_and_takes_nothing_away(lively: Server, visitor: Visit, people: None):
    ml.canvas("shared", fields={"owner": "ada", "features": "hour"})
    page = editing(visitor(lively), "ada", "shared")
    page.get_by_label("Contact").fill("4711")
    page.get_by_label("Decisions").fill("who waits")
    with acting("bob", verified="basic auth"):
        ml.canvas("shared", fields={"features": "hour and wind", "contact": "0815"})
    expect(page.locator(".meanwhile")).to_contain_text("bob saved revision 2 meanwhile: Features, Contact")
    # What was typed stays, also in the field that the other one saved.
    expect(page.get_by_label("Contact")).to_have_value("4711")
    expect(page.get_by_label("Decisions")).to_have_value("who waits")
    save(page)
    expect(page.locator("[data-key=trouble]")).to_contain_text("the canvas changed meanwhile: bob saved revision 2")
    expect(page.locator("[data-key=bar]")).to_contain_text("Not saved: bob saved revision 2 meanwhile")
    assert fields("shared") == {"owner": "ada", "features": "hour and wind", "contact": "0815"}
    expect(page.locator(".meanwhile dl")).to_have_text("Contact0815")
    expect(page.get_by_label("Contact")).to_have_value("4711")
    page.get_by_role("button", name="Save yours over revision 2").click()
    expect(page.locator("[data-said]").first).to_contain_text("saved as revision 3")
    assert fields("shared") == {
        "owner": "ada",
        "features": "hour and wind",
        "contact": "4711",
        "decisions": "who waits",
    }


def test_fields_that_only_one_changed_are_joined(lively: Server, visitor: Visit, people: None):
    ml.canvas("joined", fields={"owner": "ada"})
    page = editing(visitor(lively), "ada", "joined")
    page.get_by_label("Decisions").fill("who waits")
    with acting("bob", verified="basic auth"):
        ml.canvas("joined", fields={"features": "wind"})
    expect(page.locator(".meanwhile")).to_contain_text("Features")
    save(page)
    expect(page.locator("[data-said]").first).to_contain_text("on top of what was saved meanwhile")
    assert fields("joined") == {"owner": "ada", "features": "wind", "decisions": "who waits"}


def test_line_breaks_of_a_field_of_one_line_are_not_lost(lively: Server, visitor: Visit, people: None):
    ml.canvas("lines", fields={"contact": "desk\nphone", "owner": "ada"})
    page = editing(visitor(lively), "ada", "lines")
    page.get_by_label("Owner").fill("Ada")
    save(page)
    expect(page.locator("[data-said]").first).to_contain_text("saved as revision 2")
    assert fields("lines") == {"contact": "desk\nphone", "owner": "Ada"}


def test_what_cannot_be_read_for_a_while_takes_nothing_away(lively: Server, visitor: Visit, people: None):
    ml.canvas("binned", fields={"owner": "ada"})
    page = editing(visitor(lively), "ada", "binned")
    page.get_by_label("Decisions").fill("who waits")
    ml.trash("binned", kind="model")
    expect(page.locator("[data-key=trouble]")).to_contain_text("is in the trash")
    save(page)
    expect(page.locator("[data-key=bar]")).to_contain_text("Not saved: the model 'binned' is in the trash")
    ml.restore("binned", kind="model")
    expect(page.get_by_label("Decisions")).to_have_value("who waits")
    save(page)
    expect(page.locator("[data-said]").first).to_contain_text("saved as revision 2")
    assert fields("binned") == {"owner": "ada", "decisions": "who waits"}


def test_a_third_who_saves_over_what_was_looked_at_is_told_again(lively: Server, visitor: Visit, people: None):
    ml.canvas("thrice", fields={"owner": "ada"})
    page = editing(visitor(lively), "ada", "thrice")
    page.get_by_label("Owner").fill("Ada")
    ml.canvas("thrice", fields={"owner": "bob"})
    save(page)
    over = page.get_by_role("button", name="Save yours over revision 2")
    expect(over).to_be_visible()
    forge(page, "save-canvas", revision="1", over="1", owner="Ada")
    expect(page.locator("[data-key=trouble]")).to_contain_text("changed meanwhile")
    assert fields("thrice") == {"owner": "bob"}
    over.click()
    expect(page.locator("[data-said]").first).to_contain_text("saved as revision 3")
    assert fields("thrice") == {"owner": "Ada"}


def test_leaving_with_something_typed_asks_first(lively: Server, visitor: Visit, people: None):
    one = visitor(lively, quiet=False)
    page = editing(one, "ada", "late-flights")
    page.get_by_label("Contact").click()
    page.keyboard.type("4711")
    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.wait_for_timeout(500)
    assert [line for line in one.heard if line.startswith("dialog")] == ["dialog: "]
    expect(page.get_by_label("Contact")).to_have_value("4711")
    page.get_by_role("link", name="Leave it").click()
    expect(page.get_by_label("Contact")).to_have_count(0)
    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.wait_for_url("**/runs")
    one.ready()


@pytest.mark.parametrize("who", ["guest", "vera"])
def test_who_may_not_write_is_not_offered_it_and_refused(
    lively: Server, visitor: Visit, people: None, here: Store, who: str
):
    one = visitor(lively)
    to = f"{LATE}&edit=1"
    page = one.open(to) if who == "guest" else signed_in(one, who, to)
    expect(page.locator(".block").first).to_be_visible()
    assert page.locator(".page textarea, .page select, form[data-do]:not(.search)").count() == 0
    expect(page.get_by_role("link", name="Edit", exact=True)).to_have_count(0)
    before, rows = ml.canvas("late-flights"), here.query(ROWS)
    forged = {"revision": str(before.revision), "owner": "forged"}
    for do, words in (("save-canvas", forged), ("decide", {"title": "x", "option1": "a", "choice": "option1"})):
        forge(page, do, **words)
        expect(page.locator("[data-key=trouble]")).to_contain_text("only an editor may do this")
    assert (ml.canvas("late-flights"), here.query(ROWS)) == (before, rows)


@pytest.mark.parametrize("revision", ["", "x", "-1", "99", "1e9", "9" * 400])
def test_a_forged_revision_is_refused(lively: Server, visitor: Visit, people: None, revision: str):
    before = ml.canvas("late-flights")
    page = signed_in(visitor(lively), "ada", f"{LATE}&edit=1")
    forge(page, "save-canvas", revision=revision, owner="forged")
    expect(page.locator("[data-key=trouble]")).to_contain_text("revision")
    assert ml.canvas("late-flights") == before


def test_a_model_that_is_not_there_is_made_by_saving_its_canvas(lively: Server, visitor: Visit, people: None):
    page = visitor(lively).open("canvas?model=not-yet")
    expect(page.locator("[data-key=state]")).to_contain_text("there is no model of this name yet")
    assert "not-yet" not in [model.name for model in ml.models()]
    page = signed_in(visitor(lively), "ada", "canvas")
    page.get_by_label("Canvas of another model").fill("not-yet")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Prediction task").fill("Whether it is there")
    save(page)
    expect(page.locator("[data-said]").first).to_contain_text("saved as revision 1")
    assert fields("not-yet") == {"prediction_task": "Whether it is there"}
    expect(page.locator("[data-key=state]")).to_contain_text("revision 1")


def test_nothing_is_saved_where_no_canvas_is_shown(lively: Server, visitor: Visit, people: None, here: Store):
    page = signed_in(visitor(lively), "ada", "canvas")
    rows = here.query(ROWS)
    for do, words in (
        ("save-canvas", {"revision": "0", "owner": "x"}),
        ("decide", {"option1": "a", "choice": "option1"}),
    ):
        forge(page, do, **words)
        expect(page.locator("[data-key=trouble]")).to_contain_text("model")
    assert here.query(ROWS) == rows


@pytest.mark.parametrize("name", [making.SCRIPT, "x" * 300, "../etc", " "])
def test_a_name_that_is_none_is_refused_in_a_sentence(lively: Server, visitor: Visit, name: str):
    from urllib.parse import urlencode

    page = visitor(lively).open(f"canvas?{urlencode({'model': name})}")
    expect(page.locator("[data-key=trouble]")).to_contain_text("model")
    page.get_by_role("link", name="All canvases").click()
    page.wait_for_url("**/canvas")


def test_a_decision_is_put_on_record_with_its_runs(lively: Server, visitor: Visit, people: None, here: Store):
    run = ml.runs("experiment = 'late-flights'", limit=1)[0].id
    page = signed_in(visitor(lively), "ada", "canvas?model=minutes-late")
    page.get_by_text("Record a decision").click()
    page.get_by_label("What is decided").fill("which loss")
    page.get_by_placeholder("option 1").fill("squared")
    page.get_by_placeholder("option 3").fill(f"absolute {making.IMAGE}")
    page.get_by_label("Why").fill("the ops desk counts minutes")
    page.get_by_label("Runs that show it").fill(f"{run}, nothing-like-it")
    page.get_by_role("button", name="Put it on record").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text("no option is chosen")
    expect(page.get_by_label("Why")).to_have_value("the ops desk counts minutes")
    page.get_by_label("option 3 was chosen").check()
    page.get_by_role("button", name="Put it on record").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text("nothing-like-it")
    expect(page.get_by_placeholder("option 1")).to_have_value("squared")
    page.get_by_label("Runs that show it").fill(run)
    page.get_by_role("button", name="Put it on record").click()
    expect(page.locator("article.decision")).to_contain_text("which loss → absolute")
    (decision,) = ml.canvas("minutes-late").design
    assert (decision.options, decision.runs) == (("squared", f"absolute {making.IMAGE}"), (run,))
    assert here.query(ROWS)[-1][:3] == ("person:ada", "basic auth", "canvas")
    page.get_by_text("Record a decision").click()
    expect(page.get_by_label("What is decided")).to_have_value("")


def test_the_form_sleeps_until_something_can_be_kept(lively: Server, visitor: Visit, people: None):
    one = visitor(lively)
    signed_in(one, "ada", "home")
    one.page.route("**/*.js*", lambda route: route.abort())
    one.heard.clear()
    one.page.goto(f"{lively.url}/{LATE}&edit=1")
    assert one.page.get_by_label("Monitoring").is_disabled()
    assert one.page.get_by_role("button", name="Save canvas").is_disabled()
    one.heard.clear()

"""Run: the card, alive while it runs; what may be done to it, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import blake3
import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from mlops_nb.store.store import Store
from tests.ui import making
from tests.ui.acting import PASSWORD, ROWS, forge, signed_in
from tests.ui.conftest import Running, Server, Visit

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect


@pytest.fixture(autouse=True)
def here(lively: Server) -> Iterator[Store]:
    before = stores._chosen
    yield stores.choose(lively.folder / ".mlops")
    stores.choose(before)


@pytest.fixture(scope="module")
def people(lively: Server) -> None:
    before = stores._chosen
    stores.choose(lively.folder / ".mlops")
    ml.people.add("ada", role="editor", password=PASSWORD)
    ml.people.add("vera", role="viewer", password=PASSWORD)
    stores.choose(before)


def fitted() -> str:
    return str(ml.versions("flights-delay")[0].run)


def test_the_card_of_a_tracked_cell(lively: Server, visitor: Visit):
    card = ml.show(fitted())
    page = visitor(lively).open(f"run?run={card.run.id}")
    expect(page.locator("h1")).to_contain_text(card.run.id[:10])
    expect(page.locator("h1")).to_contain_text("flights-delay")
    for name in ("Metrics", "Params", "Data", "Artifacts", "Figures", "Cell", "Provenance", "Printed"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    text = "\n".join(page.locator(".mlops.page").all_inner_texts())
    assert "HistGradientBoostingClassifier(max_iter=30" in text
    assert "roc_auc_score(y_test" in text
    assert "learning_rate" in text
    assert "scored 150 flights" in text
    assert "flights-delay/1" in text
    assert "450 × 5" in text
    picture = page.locator(".figures img").first
    expect(picture).to_be_visible()
    assert picture.get_attribute("alt")
    assert picture.evaluate("image => image.naturalWidth") > 100
    environment = page.get_by_text("installed distributions")
    environment.click()
    expect(page.get_by_text("scikit-learn", exact=True).last).to_be_visible()


def test_a_registered_run_says_whether_it_is_good_enough_and_what_is_next(lively: Server, visitor: Visit):
    version = next(v for v in ml.versions("late-flights") if v.version == 5)
    (found,) = ml.evaluations(version.ref)
    page = visitor(lively).open(f"run?run={version.run}")
    said = page.locator(".lead").filter(has_text="late-flights/5")
    expect(said).to_contain_text(f"roc_auc {found.metrics['roc_auc']:.4f}, target ≥ 0.6000 ✓ reached")
    step = page.locator("ul.steps li").filter(has_text="gates into production pass")
    expect(step).to_contain_text("an approval by somebody other than ada is missing.")
    expect(step.get_by_role("button")).to_have_attribute("data-copy", "%approve late-flights/5 --reason …")
    expect(page.locator(".tile").filter(has_text="registered as")).to_contain_text("staging")


def test_says_what_failed(lively: Server, visitor: Visit):
    failed = ml.runs("status = 'failed' and params.lr = 9.0")[0].id
    page = visitor(lively).open(f"run?run={failed}")
    expect(page.locator(".trouble")).to_contain_text(f"could not fit: {making.SCRIPT}")
    interrupted = ml.runs("status = 'interrupted' and params.lr = 0.3")[0].id
    page = visitor(lively).open(f"run?run={interrupted}")
    expect(page.locator("[data-key=state]")).to_contain_text("interrupted")


def test_a_run_is_followed_to_its_end(lively: Server, visitor: Visit):
    alive = Running(lively.folder, "demand")
    page = visitor(lively).open(f"run?run={alive.id}")
    page.evaluate("window.stayed = true")
    state, tile = page.locator("[data-key=state]"), page.locator(".tile").filter(has_text="loss")
    expect(state).to_contain_text("running")
    for value in (0.0625, 0.03125):
        alive.log(value)
        expect(tile.locator(".value")).to_contain_text(f"{value:.4g}"[:5])
    alive.close()
    expect(state).to_contain_text("finished")
    assert page.evaluate("window.stayed")


def test_a_run_that_fails_while_it_is_looked_at(lively: Server, visitor: Visit):
    alive = Running(lively.folder, "demand")
    page = visitor(lively).open(f"run?run={alive.id}")
    expect(page.locator("[data-key=state]")).to_contain_text("running")
    alive.close("fail")
    expect(page.locator("[data-key=state]")).to_contain_text("failed")
    expect(page.locator(".trouble")).to_contain_text("the disk of the worker is full")


def test_a_run_whose_process_was_killed_while_it_is_looked_at(lively: Server, visitor: Visit):
    alive = Running(lively.folder, "demand")
    page = visitor(lively).open(f"run?run={alive.id}")
    expect(page.locator("[data-key=state]")).to_contain_text("running")
    alive.process.kill()
    alive.close()
    # No row changes: the page asks anew every ten seconds.
    expect(page.locator("[data-key=state]")).to_contain_text("interrupted", timeout=30_000)


def test_an_artifact_is_saved_as_it_is(lively: Server, visitor: Visit, tmp_path: Path):
    card = ml.show(fitted())
    page = visitor(lively).open(f"run?run={card.run.id}")
    for artifact in card.artifacts:
        with page.expect_download() as saved:
            page.get_by_role("row").filter(has_text=artifact.digest[:12]).get_by_role("button", name="Save").click()
        file = tmp_path / "artifact"
        saved.value.save_as(file)
        assert artifact.digest.endswith(blake3.blake3(file.read_bytes()).hexdigest())
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", saved.value.suggested_filename)


def test_no_name_of_an_artifact_is_a_path(lively: Server, visitor: Visit, tmp_path: Path):
    run = ml.runs(f"experiment = '{making.LEGAL}'")[0].id
    page = visitor(lively).open(f"run?run={run}")
    names = [a.name for a in ml.show(run).artifacts]
    assert set(names) == {making.SCRIPT, "../../etc/passwd"}
    for artifact in ml.show(run).artifacts:
        with page.expect_download() as saved:
            page.get_by_role("row").filter(has_text=artifact.digest[:12]).get_by_role("button", name="Save").click()
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", saved.value.suggested_filename)


def test_times_are_in_the_readers_zone(lively: Server, visitor: Visit):
    moment = datetime.fromtimestamp(ml.show(fitted()).run.started_us / 1e6, UTC)
    for zone in ("UTC", "America/New_York"):
        page = visitor(lively, timezone_id=zone).open(f"run?run={fitted()}")
        expect(page.locator("[data-key=state]")).to_contain_text(
            moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
        )


def test_a_note_of_somebody_signed_in_is_verified(lively: Server, visitor: Visit, people: None, here: Store):
    page = signed_in(visitor(lively), "ada", f"run?run={fitted()}")
    text = f"Ada: ship it {making.IMAGE}"
    page.get_by_label("Note").fill(text)
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator("[data-said]").first).to_contain_text("saved")
    assert ml.show(fitted()).run.note == text
    assert here.query(ROWS)[-1] == ("person:ada", "basic auth", "note", f"run:{fitted()}")
    assert not here.verify_audit().fault
    other = visitor(lively).open(f"run?run={fitted()}")
    expect(other.get_by_text(text)).to_be_visible()


def test_whoever_is_signed_in_trashes_and_restores(lively: Server, visitor: Visit, people: None, here: Store):
    run = ml.runs("experiment = 'churn' and status = 'finished'")[0].id
    page = signed_in(visitor(lively), "ada", f"run?run={run}")
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.locator("[data-key=state]")).to_contain_text("in the trash")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("button", name="Move to the trash")).to_be_visible()
    assert [row[:3] for row in here.query(ROWS)[-2:]] == [
        ("person:ada", "basic auth", "trash"),
        ("person:ada", "basic auth", "restore"),
    ]


def test_whoever_is_signed_in_registers(lively: Server, visitor: Visit, people: None, here: Store):
    page = signed_in(visitor(lively), "ada", f"run?run={fitted()}")
    page.get_by_text("Register", exact=True).first.click()
    page.get_by_label("Model name").fill("from-the-page")
    page.get_by_role("button", name="Register").click()
    expect(page.locator("[data-said]").first).to_contain_text("from-the-page/1 was registered", timeout=15_000)
    assert [v.ref for v in ml.versions("from-the-page")] == ["from-the-page/1"]
    assert here.query(ROWS)[-1][:3] == ("person:ada", "basic auth", "register")


@pytest.mark.parametrize("who", ["guest", "vera"])
def test_who_may_not_is_not_offered_it_and_refused_when_forging(
    lively: Server, visitor: Visit, people: None, here: Store, who: str
):
    one = visitor(lively)
    run = ml.runs("experiment = 'churn' and status = 'finished'")[0].id
    page = one.open(f"run?run={run}") if who == "guest" else signed_in(one, who, f"run?run={run}")
    expect(page.locator(".bar")).to_contain_text("viewer" if who == "vera" else "Sign in")
    for name in ("Save the note", "Move to the trash", "Register"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    before, rows = ml.show(run), here.query(ROWS)
    for do, fields in (("note", {"text": "forged"}), ("trash", {}), ("register", {"name": "forged"}), ("restore", {})):
        forge(page, do, **fields)
        expect(page.locator("[data-key=trouble]")).to_contain_text("only an editor may do this")
        page.locator("#forged").evaluate_all("all => all.forEach(one => one.remove())")
    assert ml.show(run) == before
    assert here.query(ROWS) == rows
    assert "forged" not in [model.name for model in ml.models()]


def test_a_role_that_was_taken_back_holds_on_an_open_page(lively: Server, visitor: Visit, people: None, here: Store):
    ml.people.add("eve", role="editor", password=PASSWORD)
    page = signed_in(visitor(lively), "eve", f"run?run={fitted()}")
    expect(page.get_by_role("button", name="Save the note")).to_be_visible()
    ml.people.add("eve", role="viewer")
    note = ml.show(fitted()).run.note
    page.get_by_label("Note").fill("late")
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator("[data-key=trouble]")).to_contain_text("only an editor may do this")
    assert ml.show(fitted()).run.note == note

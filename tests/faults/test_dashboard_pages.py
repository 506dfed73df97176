"""Pages whose store, server or visitor is in trouble: one sentence, a page that stays alive, and recovers by itself."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

import mlops_nb as ml
from mlops_nb.store import store as stores
from tests.ui import conftest as browser
from tests.ui.conftest import ROOT, Server, Visit, copy_of, free_port, served

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
chromium, visitor, made, large_store = browser.chromium, browser.visitor, browser.made, browser.large_store
TROUBLE = "[data-key=trouble]"
PASSWORD = "a long enough password"
# SQLite waits half a minute for a lock.
LOCKED_MS = 180_000


@pytest.fixture(scope="module")
def dashboard(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from served(copy_of(made, tmp_path_factory.mktemp("sick")))


def file_of(server: Server) -> Path:
    return server.folder / ".mlops" / "store.db"


def swap(path: Path, content: bytes | None) -> Path:
    """Put other bytes in the place of a store that nobody writes to; returns where the good one is kept."""
    kept = path.with_name("kept.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, kept)
    new = path.with_name("new.db")
    new.write_bytes(kept.read_bytes() if content is None else content)
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    new.replace(path)
    return kept


def healthy(page: Any) -> None:
    expect(page.locator(TROUBLE)).to_have_count(0, timeout=LOCKED_MS)
    expect(page.locator("tbody tr").first).to_be_visible(timeout=LOCKED_MS)


def says(page: Any, words: str) -> None:
    """One sentence, with the way out behind `try:`."""
    expect(page.locator(TROUBLE)).to_contain_text(re.compile(words), timeout=LOCKED_MS)
    sentence = page.locator(TROUBLE).inner_text()
    assert "try:" in sentence
    assert "Traceback" not in sentence
    assert "\n" not in sentence.strip()


def works(page: Any) -> None:
    """The page is alive: what needs no store still answers."""
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") != theme


def test_a_store_that_is_locked(dashboard: Server, visitor: Visit):
    page = visitor(dashboard).open("runs?limit=7")
    path = file_of(dashboard)
    # Where the file system can't carry a log (WAL), whoever writes keeps the readers out.
    with closing(sqlite3.connect(":memory:")) as copy, closing(sqlite3.connect(path)) as source:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        content = copy.serialize()
    kept = swap(path, content[:18] + b"\x01\x01" + content[20:])
    healthy(page)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        connection.execute("BEGIN EXCLUSIVE")
        other = visitor(dashboard).page
        other.goto(f"{dashboard.url}/home", timeout=25_000)
        says(page, "locked by another program")
        works(page)
        says(other, "locked by another program")
        connection.execute("ROLLBACK")
    healthy(page)
    healthy(other)
    assert page.url.endswith("runs?limit=7")
    kept.replace(path)
    healthy(page)


def test_somebody_who_writes_for_long_keeps_no_reader_out(dashboard: Server, visitor: Visit):
    with closing(sqlite3.connect(file_of(dashboard), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        page = visitor(dashboard).open("runs?limit=7")
        expect(page.locator("tbody tr")).to_have_count(7)
        page.get_by_role("link", name="Next page").click()
        page.wait_for_url("**after=*")
        healthy(page)
        connection.execute("ROLLBACK")


def test_a_store_of_a_newer_version(dashboard: Server, visitor: Visit):
    path = file_of(dashboard)
    page = visitor(dashboard).open("runs?limit=7")
    kept = swap(path, None)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    other = visitor(dashboard).open("home")
    says(other, "newer")
    says(page, "newer")
    works(page)
    kept.replace(path)
    healthy(page)
    healthy(other)


def test_a_store_that_is_damaged(dashboard: Server, visitor: Visit):
    path = file_of(dashboard)
    page = visitor(dashboard).open("runs?limit=7")
    whole = swap(path, None).read_bytes()
    kept = swap(path, whole[:200] + b"\xff" * 8_000 + whole[8_200:])
    says(page, "is damaged")
    works(page)
    other = visitor(dashboard).open("home")
    says(other, "is damaged")
    kept.write_bytes(whole)
    kept.replace(path)
    healthy(page)
    healthy(other)


def test_a_store_that_is_no_database(dashboard: Server, visitor: Visit):
    path = file_of(dashboard)
    page = visitor(dashboard).open("runs?limit=7")
    kept = swap(path, b"this was a shopping list" * 1_000)
    says(page, "is damaged")
    kept.replace(path)
    healthy(page)


def test_an_empty_file_is_an_empty_project(dashboard: Server, visitor: Visit):
    path = file_of(dashboard)
    page = visitor(dashboard).open("runs?limit=7")
    kept = swap(path, b"")
    expect(page.locator("tbody tr")).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()
    kept.replace(path)
    healthy(page)


def test_a_folder_that_is_gone_and_comes_back(dashboard: Server, visitor: Visit):
    page = visitor(dashboard).open("runs?limit=7")
    folder = dashboard.folder / ".mlops"
    away = dashboard.folder / "away"
    folder.rename(away)
    says(page, "is gone")
    works(page)
    shutil.rmtree(folder, ignore_errors=True)
    away.rename(folder)
    healthy(page)


def test_a_filter_of_a_megabyte_in_the_box(dashboard: Server, visitor: Visit):
    page = visitor(dashboard).open("runs?limit=7")
    box = page.locator("input[name=where][role=combobox]")
    box.fill("metrics.auc > 0." + "1" * 1_000_000)
    page.keyboard.press("Enter")
    expect(page.locator(TROUBLE)).to_contain_text("characters")
    works(page)
    box.fill("metrics.auc > 0.8")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    healthy(page)


@pytest.mark.parametrize("length", [9_000, 100_000, 1_000_000])
def test_a_filter_of_a_megabyte_in_the_address(dashboard: Server, length: int):
    connection = http.client.HTTPConnection("127.0.0.1", dashboard.port, timeout=60)
    connection.request("GET", "/runs?where=" + "a" * length)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert "characters" in text
    assert "Traceback" not in text
    assert len(text) < 200_000
    assert answer.status == (200 if length < 10_000 else 414)


@pytest.fixture
def editor(dashboard: Server) -> Iterator[str]:
    before = stores._chosen
    stores.choose(dashboard.folder / ".mlops")
    ml.people.add("ada", role="editor", password=PASSWORD)
    yield ml.runs(limit=1)[0].id
    stores.choose(before)


def test_a_server_that_was_killed_comes_back_with_the_same_page(dashboard: Server, visitor: Visit):
    page = visitor(dashboard, quiet=False).open("runs?limit=7&sort=-metrics.auc")
    rows = page.locator("tbody tr").all_inner_texts()
    page.evaluate("window.stayed = true")
    dashboard.kill()
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    dashboard.start()
    page.wait_for_function("!window.stayed && document.documentElement.dataset.ready === 'true'", timeout=30_000)
    assert page.url.endswith("runs?limit=7&sort=-metrics.auc")
    expect(page.locator("#lost")).to_have_count(0)
    assert page.locator("tbody tr").all_inner_texts() == rows


def test_a_note_that_somebody_types_is_not_lost_with_the_server(dashboard: Server, visitor: Visit, editor: str):
    one = visitor(dashboard, quiet=False)
    page = one.page
    page.goto(f"{dashboard.url}/login")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")
    one.ready()
    page = one.open(f"run?run={editor}")
    note = page.get_by_label("Note")
    note.press_sequentially("half a thought")
    dashboard.kill()
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    dashboard.start()
    expect(page.get_by_role("alert").filter(has_text="not saved")).to_be_visible(timeout=30_000)
    assert "half a thought" in note.input_value()
    page.get_by_role("link", name="Load the page again").click()
    page.wait_for_load_state()
    one.ready()
    expect(page.get_by_role("button", name="Save the note")).to_be_visible()


def test_a_page_that_was_left_open_for_a_day(dashboard: Server, visitor: Visit):
    one = visitor(dashboard, quiet=False)
    one.page.add_init_script(
        "window.sockets = []; window.WebSocket = class extends WebSocket "
        "{ constructor(...given) { super(...given); window.sockets.push(this) } }"
    )
    page = one.open("runs?limit=7&sort=-metrics.auc")
    rows = page.locator("tbody tr").all_inner_texts()
    first = page.locator("tbody tr td a").first.inner_text()
    # A laptop that sleeps: the server forgets the session a quarter of a minute after the connection is gone.
    one.context.set_offline(True)
    page.evaluate("window.sockets.forEach(one => one.close())")
    page.wait_for_timeout(25_000)
    one.context.set_offline(False)
    page.wait_for_function(
        "document.documentElement.dataset.ready === 'true' && !document.getElementById('lost')", timeout=30_000
    )
    page.get_by_role("columnheader").filter(has_text="auc").get_by_role("link").click()
    page.wait_for_url("**sort=metrics.auc*", timeout=30_000)
    page.go_back()
    expect(page.locator("tbody tr").first).to_have_text(re.compile(first))
    assert page.locator("tbody tr").all_inner_texts() == rows


@pytest.mark.parametrize("cookie", ["user", "mlops_nb_mark", "mlops_nb_zone", "mlops_nb_theme"])
def test_a_forged_cookie_makes_nobody_of_one(dashboard: Server, visitor: Visit, editor: str, cookie: str):
    one = visitor(dashboard)
    forged = '"2|1:0|10:1700000000|4:user|4:YWRh|' + "0" * 64 + '"' if cookie == "user" else "<script>alert(1)</script>"
    one.context.add_cookies([{"name": cookie, "value": forged, "url": dashboard.url}])
    page = one.open(f"run?run={editor}")
    expect(page.get_by_role("button", name="Save the note")).to_have_count(0)
    expect(page.locator(".bar")).to_contain_text("read only")


@pytest.mark.slow
def test_ten_visitors_at_once_on_a_large_store(large_store: Path, visitor: Visit, capsys: pytest.CaptureFixture[str]):
    port = free_port()
    command = [sys.executable, "-m", "tests.ui.counting", str(large_store / ".mlops"), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def sessions() -> int:
            process.stdin.write("\n")
            process.stdin.flush()
            return sum(json.loads(process.stdout.readline()).values())

        def megabytes() -> int:
            return round(psutil.Process(process.pid).memory_info().rss / 1e6)

        assert json.loads(process.stdout.readline())
        server = Server(large_store, port=port)
        told = {"before": megabytes()}
        guests = [visitor(server) for _ in range(10)]
        guests[0].open("runs")
        told["one"] = megabytes()
        for guest in guests[1:]:
            guest.page.goto(f"{server.url}/runs", wait_until="commit")
        for guest in guests:
            expect(guest.ready().locator("tbody tr")).to_have_count(50, timeout=30_000)
        told["ten"] = megabytes()
        assert sessions() == 10
        for guest in guests:
            guest.context.close()
        deadline = time.monotonic() + 60
        while sessions() and time.monotonic() < deadline:
            time.sleep(0.5)
        assert sessions() == 0
        told["after"] = megabytes()
        process.stdin.close()
    with capsys.disabled():
        print(f"\nmemory of the server (MB), with visitors: {told}")

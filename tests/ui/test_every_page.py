"""The rules that every page keeps, on stores of every size and in both themes. A new row of `PAGES` is held to them."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mlops_nb.pages.site import PAGES
from tests.ui import making
from tests.ui.conftest import Server, Visit, Visitor

SLUGS = [page.slug for page in PAGES]
# Addresses with more on them than the page without words.
MORE = {
    "runs": "runs?limit=6&sort=-metrics.auc&where=metrics.auc+%3E+0.5",
    "run": "run?run=best:auc",
    "compare": "compare?runs=last,best:auc,last~2",
    "canvas": "canvas?model=late-flights",
    "model": "model?model=late-flights",
    "version": "version?version=late-flights/5",
    "risk": "risk?version=late-flights/5",
}
THEMES = ["light", "dark"]
# Where a theme makes no other page than on the lively store, each page has its turn in one.
TURNS = [(slug, THEMES[i % 2]) for i, slug in enumerate(SLUGS)]
SERIOUS = ("serious", "critical")
AXE = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
  const why = (node) => node.any.concat(node.all, node.none).map(check => check.message).join("; ").slice(0, 300)
  const found = await axe.run(document, {runOnly: rules})
  return found.violations.map(v => ({id: v.id, impact: v.impact, help: v.help,
    nodes: v.nodes.slice(0, 3).map(n => [n.target.join(" "), n.html.slice(0, 160), why(n)])}))
}"""
# Everything that Tab should reach, through shadow roots; each gets a number to be known by.
REACHABLE = """() => {
  const found = []
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) { walk(node.shadowRoot) }
      const can = node.matches("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")
      const closed = node.closest("details:not([open])")
      const inside = closed && !(node.nodeName === "SUMMARY" && node.parentNode === closed)
      if (can && node.tabIndex >= 0 && !node.disabled && !inside && node.checkVisibility({visibilityProperty: true})) {
        node.seen = found.length
        const name = node.getAttribute("aria-label") || node.textContent || node.name || ""
        found.push(`${node.nodeName} ${name.trim().slice(0, 40)}`)
      }
    }
  }
  walk(document)
  return found
}"""
FOCUSED = """() => {
  let node = document.activeElement
  while (node?.shadowRoot?.activeElement) { node = node.shadowRoot.activeElement }
  if (!node || node === document.body) { return null }
  const style = getComputedStyle(node)
  const box = node.getBoundingClientRect()
  return {seen: node.seen ?? -1, name: node.outerHTML.slice(0, 120), inside: box.bottom > 0 && box.top < innerHeight,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1}
}"""
WIDE = """() => {
  const found = []
  const walk = (root) => {
    for (const node of root.querySelectorAll("html, body, main, .main-content, #first, #first > main")) {
      if (node.scrollWidth > node.clientWidth + 1 && node.clientWidth) {
        found.push(`${node.nodeName}.${node.className}#${node.id}: ${node.scrollWidth} > ${node.clientWidth}`)
      }
    }
    for (const node of root.querySelectorAll("*")) { if (node.shadowRoot) { walk(node.shadowRoot) } }
  }
  walk(document)
  return found
}"""


def axe(page: Any) -> list[dict[str, Any]]:
    """What axe-core finds that is serious or critical."""
    page.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    return [found for found in page.evaluate(AXE) if found["impact"] in SERIOUS]


def address(slug: str) -> str:
    return MORE.get(slug, slug)


def check(visitor: Visitor, where: str) -> None:
    page = visitor.open(where)
    assert page.locator("h1:visible").count() == 1
    assert page.locator("h1").inner_text().strip()
    assert "mlops_nb" in page.title()
    assert axe(page) == []


@pytest.mark.parametrize(("slug", "theme"), TURNS)
def test_opens_on_an_empty_store(empty: Server, visitor: Visit, slug: str, theme: str):
    check(visitor(empty, theme=theme), slug)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("slug", SLUGS)
def test_opens_on_a_store_with_life(lively: Server, visitor: Visit, slug: str, theme: str):
    check(visitor(lively, theme=theme), address(slug))


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "theme"), TURNS)
def test_opens_on_a_large_store(large: Server, visitor: Visit, slug: str, theme: str):
    check(visitor(large, theme=theme), slug)


@pytest.mark.parametrize("slug", SLUGS)
def test_can_be_read_before_any_script(lively: Server, visitor: Visit, slug: str):
    alive = visitor(lively).open(address(slug))
    still = visitor(lively, java_script_enabled=False).page
    still.goto(f"{lively.url}/{address(slug)}")
    rows = [row.all_inner_texts() for row in (p.locator("h1, tbody tr") for p in (still, alive))]
    assert len(rows[0]) > 1
    # The time zone is the browser's, which it has not told yet.
    times = re.compile(r"\d\d:\d\d:\d\d|\s+")
    assert [times.sub("", row) for row in rows[0]] == [times.sub("", row) for row in rows[1]]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("slug", SLUGS)
def test_is_accessible_as_first_sent(lively: Server, visitor: Visit, slug: str, theme: str):
    one = visitor(lively, theme=theme, quiet=False)
    one.page.route("**/*.js*", lambda route: route.abort())
    one.page.goto(f"{lively.url}/{address(slug)}")
    assert one.page.locator("h1:visible").count() == 1
    assert axe(one.page) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_everything_is_reached_by_tab(lively: Server, visitor: Visit, slug: str):
    page = visitor(lively).open(address(slug))
    page.wait_for_timeout(500)  # a chart may still come, and would renumber what is there
    wanted = page.evaluate(REACHABLE)
    page.evaluate("document.activeElement.blur()")
    seen: list[dict[str, Any]] = []
    for _ in range(2 * len(wanted) + 20):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            break
        seen.append(found)
    else:
        pytest.fail(f"Tab never leaves the page: {seen[-3:]}")
    reached = {found["seen"] for found in seen}
    assert [name for i, name in enumerate(wanted) if i not in reached] == []
    assert [found["name"] for found in seen if not (found["outlined"] and found["inside"])] == []


@pytest.mark.parametrize("slug", SLUGS)
def test_enter_follows_the_navigation(lively: Server, visitor: Visit, slug: str):
    one = visitor(lively)
    page = one.open(address(slug))
    page.locator("nav a, .side a").get_by_text("Runs", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{lively.url}/runs")
    one.ready()
    # Behind the button for the navigation, the first thing that Tab reaches leads past the bar.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED)["name"].startswith("<h1")


@pytest.mark.parametrize("slug", SLUGS)
def test_fits_a_telephone(lively: Server, visitor: Visit, slug: str):
    one = visitor(lively, width=390)
    page = one.open(address(slug))
    assert page.evaluate(WIDE) == []
    # Nothing lies over the page: what a finger meets at the heading is the heading.
    page.locator("h1").click(trial=True)
    still = visitor(lively, width=390, java_script_enabled=False).page
    still.goto(f"{lively.url}/{address(slug)}")
    assert still.evaluate(WIDE) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_saves_itself_as_one_file(lively: Server, visitor: Visit, slug: str, tmp_path: Path):
    page = visitor(lively).open(address(slug))
    with page.expect_download() as saved:
        page.get_by_role("button", name="HTML", exact=True).click()
    assert saved.value.suggested_filename == f"{slug}.html"
    file = tmp_path / "page.html"
    saved.value.save_as(file)
    text = file.read_text("utf-8")
    assert "<script" not in text.lower()
    assert not re.search(r"""\bon\w+\s*=\s*["']""", re.sub(r"&\w+;|&#\d+;", "", text))
    # In tags only: what somebody wrote may say so, in text, where it does nothing.
    tags = " ".join(re.findall(r"<[a-zA-Z][^>]*>", text))
    assert re.findall(r"""(?:src|href|action|data)\s*=\s*["']?(?!data:|#)[^"'\s>]+""", tags) == []
    assert not re.search(r"https?://", text.replace("http://www.w3.org/", ""))
    assert "@import" not in text
    alone = visitor(lively, offline=True)
    alone.page.goto(file.as_uri())
    assert alone.page.locator("h1").inner_text() == page.locator("h1").inner_text()
    assert alone.page.locator("button, input, a[href], script").count() == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_saves_its_table(lively: Server, visitor: Visit, slug: str, tmp_path: Path):
    page = visitor(lively).open(slug)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).click()
    file = tmp_path / "page.csv"
    saved.value.save_as(file)
    with file.open(newline="", encoding="utf-8") as opened:
        head, *rows = list(csv.reader(opened))
    assert rows
    assert {len(row) for row in rows} == {len(head)}
    cells = [cell for row in [head, *rows] for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [cell for cell in cells if not re.fullmatch(r"-\d+(\.\d+)?(e[+-]?\d+)?", cell)] == []
    if slug == "runs":
        assert any(f"'{making.FORMULA}" in row for row in rows)


# What is copied is typed into a notebook: an IPython of its own says what comes of it.
IPYTHON = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mlops_nb")
done = shell.run_cell(sys.stdin.read())
found = done.result
rows = [r.id for r in found] if type(found).__name__ == "Results" and found and hasattr(found[0], "id") else []
print(json.dumps([str(done.error_in_exec or done.error_before_exec or ""), type(found).__name__, rows]))
"""


@pytest.mark.parametrize("slug", SLUGS)
def test_says_what_to_type_in_a_notebook(lively: Server, visitor: Visit, slug: str):
    one = visitor(lively, permissions=["clipboard-read", "clipboard-write"])
    page = one.open(address(slug))
    page.get_by_role("button", name="Copy as cell").click()
    page.get_by_text("copied", exact=True).wait_for()
    typed = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(
        [sys.executable, "-c", IPYTHON],
        input=typed,
        capture_output=True,
        text=True,
        cwd=lively.folder,
        env={"MLOPS_NB_STORE": str(lively.folder / ".mlops"), "HOME": str(lively.folder), "PATH": ""},
        check=True,
    )
    trouble, kind, rows = json.loads(done.stdout.splitlines()[-1])
    assert (trouble, kind != "NoneType") == ("", True), (typed, done.stdout)
    if slug == "runs":
        shown = page.locator("tbody tr input[data-pick]").evaluate_all("boxes => boxes.map(b => b.dataset.pick)")
        assert shown
        assert rows[: len(shown)] == shown


HOSTILE = [
    making.SCRIPT,
    making.IMAGE,
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "{{7*7}}",
    "\u202eevil",
    "x" * 3_000,
]


@pytest.mark.parametrize("slug", SLUGS)
def test_hostile_addresses_are_harmless(lively: Server, visitor: Visit, slug: str):
    one = visitor(lively)
    fields = (
        "q",
        "where",
        "sort",
        "view",
        "columns",
        "after",
        "pick",
        "run",
        "runs",
        "metric",
        "model",
        "theme",
        "find",
    )
    fields += ("show", "version", "stage", "part", "check", "evaluation", "at", "before", "moves", "edit")
    for turn in range(2):
        words = {name: HOSTILE[(i + turn) % 4] for i, name in enumerate(fields)}
        page = one.open(f"{slug}?{urlencode(words)}")
        assert page.locator("h1:visible").count() == 1
        assert page.locator("img[onerror], [onmouseover], a[href^='javascript:']").count() == 0
    assert one.heard == []


@pytest.mark.parametrize("slug", SLUGS)
def test_hostile_words_in_the_search_box_are_harmless(lively: Server, visitor: Visit, slug: str):
    page = visitor(lively).open(slug)
    box = page.locator("input[name=q]")
    for text in HOSTILE:
        box.fill(text)
        box.press("Escape")
        box.press("Enter")
        said = page.locator("[data-key=trouble]")
        said.filter(has_text=re.compile(r"nothing is called|is no reference|is not")).first.wait_for()
        assert page.locator("img[onerror], [onmouseover]").count() == 0
        assert "49" not in said.first.inner_text() or "7*7" in said.first.inner_text()


def test_hostile_texts_of_runs_are_shown(lively: Server, visitor: Visit):
    one = visitor(lively)
    page = one.open(f"run?{urlencode({'run': 'best:' + making.IMAGE})}")
    if page.locator("[data-key=trouble]").count():  # the metric has no direction, so there is no best
        page = one.open(f"runs?{urlencode({'where': f'experiment = {making.LEGAL!r}'})}")
        page.locator("tbody tr a").first.click()
        page.wait_for_url("**/run?run=*")
        one.ready()
    text = "\n".join(page.locator(".mlops.page").all_inner_texts())
    assert making.SCRIPT in text
    assert making.IMAGE in text
    assert "\u202e" not in text
    assert page.locator("img[onerror]").count() == 0


@pytest.mark.parametrize(
    "path", ["home/../../etc/passwd", "static/../../../etc/passwd", "nothing", "run/x", "home.py", "%2e%2e/x"]
)
def test_paths_that_lead_nowhere(lively: Server, visitor: Visit, path: str):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", lively.port, timeout=30)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    body = answer.read().decode("utf-8", "replace")
    connection.close()
    assert answer.status in (400, 403, 404), body[:300]
    assert "root:" not in body
    assert "Traceback" not in body

"""Pages without a browser: what they read, say and refuse. How they behave in one is in tests/ui."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

import mlops_nb as ml
from mlops_nb.pages.site import PAGES, PHASES
from mlops_nb.pages.visit import Visit, zone_named

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.said, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.said.append(data)


def seen(page, query="", **visit):
    view = page.view()(page, Visit(query=query, **visit))
    parsed = Text()
    parsed.feed("".join(view.made[name] for name in view.sections if name in view.made))
    return view, " ".join(" ".join(parsed.said).split()), parsed.tags


@pytest.fixture
def tried(store):
    for depth in (2, 8):
        with ml.track("flights", params={"depth": depth, "why": HOSTILE}, tags={"team": HOSTILE}, note=HOSTILE) as run:
            for step in range(30):
                run.log_metric("loss", 1 / (step + depth), step=step)
            run.log_metric("auc", depth / 10)
            run.log_artifact(b"\x00\x01", HOSTILE[:40])
    with pytest.raises(ZeroDivisionError), ml.track("flights"):
        raise ZeroDivisionError(HOSTILE)
    return store


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_a_page_is_in_the_table_with_its_address_and_phase(page):
    assert page.view().place.slug == page.slug
    assert page.phase in ("", *PHASES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_an_empty_store_says_what_to_do(store, page):
    _, said, tags = seen(page)
    assert [tag for tag, _ in tags].count("h1") == 1
    assert "%%track" in said or "There is no" in said or "there is no" in said
    assert not store.exists, "looking makes no store"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
@pytest.mark.parametrize("how", ["live", "still"])
def test_hostile_text_is_text(tried, page, how):
    view, _, _ = seen(page)
    made = view.made if how == "live" else view.rendered(view.found, "", still=True)
    parsed = Text()
    parsed.feed("".join(made.values()))
    assert not [attributes for tag, attributes in parsed.tags if tag == "script"]
    assert not [attributes for tag, attributes in parsed.tags if any(name.startswith("on") for name in attributes)]
    images = [attributes for tag, attributes in parsed.tags if tag == "img"]
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_a_file_has_nothing_to_click(tried, page):
    view, _, _ = seen(page)
    parsed = Text()
    parsed.feed("".join(view.rendered(view.found, "", still=True).values()))
    assert not {tag for tag, _ in parsed.tags} & {"a", "button", "form", "input", "textarea", "details", "script"}


# What of a page its cell gives; pages about models say it in tests of their own, where there is a model.
SAME = {"home": "experiments", "runs": "runs", "run": "card", "compare": "comparison", "audit": "rows"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.slug in SAME], ids=lambda page: page.slug)
def test_the_cell_gives_the_same(tried, page):
    from mlops_nb.faces.commands import call, parse
    from mlops_nb.faces.lines import words
    from mlops_nb.results import Results
    from mlops_nb.show import text
    from mlops_nb.verbs import BY_MAGIC

    view, _, _ = seen(page)
    spoken, _, rest = view.cell().removeprefix("%").partition(" ")
    values = parse(BY_MAGIC[spoken], [word.text for word in words(rest)])
    made = call(BY_MAGIC[spoken], values)
    shown = getattr(view.found, SAME[page.slug])
    assert text(made) == text(Results(shown) if page.slug == "home" else shown)


def test_links_lead_to_addresses_that_pages_read(tried):
    slugs = {page.slug: page for page in PAGES}
    followed = 0
    for page in PAGES:
        _, _, tags = seen(page)
        for tag, attributes in tags:
            if tag == "a" and not attributes["href"].startswith(("login", "logout")):
                slug, _, query = attributes["href"].partition("?")
                slugs[slug].view().place.read(query)
                followed += 1
    assert followed > 20


def test_suffix_of_jupyter_is_on_every_link(tried):
    _, _, tags = seen(PAGES[0], suffix=".py")
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links
    assert all(re.match(r"\w+\.py(\?|$)", link) for link in links)


def test_times_are_in_the_readers_zone(tried):
    runs = next(page for page in PAGES if page.slug == "runs")
    moments = {
        zone: re.findall(r"\d\d:\d\d:\d\d", seen(runs, zone=zone)[1])[0] for zone in ("UTC", "Asia/Kolkata", "UTC")
    }
    hours = {zone: int(moment[:2]) * 60 + int(moment[3:5]) for zone, moment in moments.items()}
    assert (hours["Asia/Kolkata"] - hours["UTC"]) % (24 * 60) == 5 * 60 + 30


@pytest.mark.parametrize(
    ("given", "zone"),
    [("Europe/Berlin", "Europe/Berlin"), ("../../etc/passwd", "UTC"), ("", "UTC"), ("x" * 9999, "UTC")],
)
def test_a_zone_comes_from_a_cookie_that_anybody_can_write(given, zone):
    assert zone_named(given) == zone


def test_a_refusal_is_a_sentence_and_the_filter_stays(tried):
    runs = next(page for page in PAGES if page.slug == "runs")
    _, said, tags = seen(runs, "where=metrics.auc+>>+3")
    assert "position 14; expected a value" in said
    (field,) = [attributes for tag, attributes in tags if attributes.get("data-complete") == "where"]
    assert field["value"] == "metrics.auc >> 3"
    assert field["aria-invalid"] == "true"


@pytest.mark.parametrize("limit", ["0", "-1", "201", "100000", "9" * 20])
def test_an_address_makes_no_page_of_any_size(tried, limit):
    runs = next(page for page in PAGES if page.slug == "runs")
    _, said, tags = seen(runs, f"limit={limit}")
    assert "rows on one page; expected 1 to 200" in said
    assert "tr" not in {tag for tag, _ in tags}


def test_the_best_run_is_said_first(tried):
    runs = next(page for page in PAGES if page.slug == "runs")
    _, said, _ = seen(runs)
    assert "Best auc of all that match: 0.8000 by" in said
    assert "with depth 8" in said


def test_the_best_is_that_of_the_filter_not_of_the_page(tried):
    runs = next(page for page in PAGES if page.slug == "runs")
    _, said, _ = seen(runs, "where=params.depth+<+5&limit=1")
    assert "Best auc of all that match: 0.2000 by" in said


def test_a_run_says_what_it_is_and_what_to_do_next(tried):
    run = next(page for page in PAGES if page.slug == "run")
    worse = ml.runs("params.depth = 2")[0].id
    view, said, _ = seen(run, f"run={worse}")
    assert "auc 0.2000" in said
    assert "Compare with the best" in said
    assert "loss fell from 0.5" in said
    assert view.title() == f"Run {worse[:10]}, flights"


def test_a_comparison_says_it_in_words(tried):
    compare = next(page for page in PAGES if page.slug == "compare")
    ids = [run.id for run in ml.runs("status = 'finished'")]
    _, said, _ = seen(compare, f"runs={','.join(ids)}")
    assert "by 0.6 auc" in said
    assert "depth 8 → 2" in said
    assert "Params to metrics" in said


def test_nobody_signed_in_is_offered_nothing_to_change(tried):
    run = next(page for page in PAGES if page.slug == "run")
    view, said, tags = seen(run)
    assert not view.may_write
    assert "Move to the trash" not in said
    assert not [attributes for tag, attributes in tags if tag == "textarea"]

"""The pages of models, of one, and of one of its versions, without a browser: what they read, say and refuse."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.faces.commands import call, parse
from mlops_nb.faces.lines import words
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.pages.visit import Visit
from mlops_nb.store.people.entries import Person
from mlops_nb.verbs import BY_MAGIC

from .test_views import HOSTILE, seen


@pytest.fixture
def governed(store):
    """`delay` with a champion that nobody judged, a newer version behind gates, and `empty` without any version."""
    for c in (1.0, 2.0):
        ml.register("delay", LogisticRegression(C=c).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]), note=HOSTILE)
    ml.stage("delay/1", "production", reason=HOSTILE)
    ml.canvas("delay", fields={"success_metric": "roc_auc", "success_target": 0.75, "decisions": HOSTILE})
    ml.gates.define("delay", "production", "metric roc_auc >= 0.75", "approval", reason=HOSTILE)
    ml.decide("delay", HOSTILE, option=["a", "b"], choice="a", reason=HOSTILE)
    ml.canvas("empty", fields={"owner": "ada"})
    return store


def typed(slug, query=""):
    """What comes of the cell that the page offers."""
    view, _, _ = seen(BY_SLUG[slug], query)
    spoken, _, rest = view.cell().removeprefix("%").partition(" ")
    return view, call(BY_MAGIC[spoken], parse(BY_MAGIC[spoken], [word.text for word in words(rest)]))


def test_the_cell_of_all_models_lists_them(governed):
    view, made = typed("registry")
    assert sorted(one.row.name for one in view.found.models) == sorted(m.name for m in made) == ["delay", "empty"]


@pytest.mark.parametrize("query", ["model=delay", "model=delay&at=2035-05-03T14:00"])
def test_the_cell_of_a_model_says_where_its_versions_stood(governed, query):
    view, made = typed("model", query)
    assert tuple(one.stood for one in view.found.versions) == made.standings
    assert tuple(one.move for one in view.found.moves) == made.history
    assert made.at_us == view.found.at_us


@pytest.mark.parametrize(("part", "kind"), [("", "ModelCard"), ("risk", "Risk"), ("card", "ModelCard")])
def test_the_cell_of_a_version_is_about_it(governed, part, kind):
    _, made = typed("version", f"version=delay/2&part={part}")
    assert (type(made).__name__, made.ref) == (kind, "delay/2")


@pytest.mark.parametrize(
    ("slug", "query"),
    [
        ("registry", ""),
        ("model", "model=delay"),
        ("version", "version=delay/1"),
        ("version", "version=delay/2"),
        *(
            ("version", f"version=delay/2&part={part}")
            for part in ("evaluation", "risk", "card", "explanation", "fairness")
        ),
    ],
)
@pytest.mark.parametrize("still", [False, True])
def test_what_people_wrote_is_text(governed, slug, query, still):
    from html.parser import HTMLParser

    tags = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, dict(attrs)))

    page = BY_SLUG[slug]
    view = page.view()(page, Visit(query=query, person=Person("eve", "approver"), how="basic auth"))
    made = "".join(view.rendered(view.found, "", still=still).values())
    Tags().feed(made)
    names = {tag for tag, _ in tags}
    assert not names & {"script", "img"}
    assert not [attributes for _, attributes in tags if any(name.startswith("on") for name in attributes)]
    if still:
        assert not names & {"a", "button", "form", "input", "textarea", "details"}
    assert HOSTILE not in made


def test_what_no_policy_judged_is_said_everywhere(governed):
    for slug, query in (("registry", ""), ("model", "model=delay"), ("version", "version=delay/1")):
        _, said, _ = seen(BY_SLUG[slug], query)
        assert "▲ ungated" in said, slug
    _, said, _ = seen(BY_SLUG["version"], "version=delay/2")
    assert "? not asked" in said
    assert "ungated" not in said


def test_without_an_address_it_is_the_newest(governed):
    assert seen(BY_SLUG["version"])[0].found.version.ref == "delay/2"
    assert seen(BY_SLUG["model"], "model=empty")[0].found.name == "empty"


@pytest.mark.parametrize(
    ("slug", "query", "said"),
    [
        ("registry", "show=nonsense", "expected production, marked, waiting"),
        ("registry", "limit=100000", "expected 1 to 100 rows"),
        ("registry", "after=-1", "can't be"),
        ("model", "model=dely", "delay"),
        ("model", "model=delay&at=soon", "is no moment"),
        ("version", "version=delay/9", "has no version 9"),
        ("version", "version=delay@nobody", "has no alias"),
        ("version", "version=delay/1&stage=none", "no gates stand before"),
        ("version", "version=delay/1&part=x", "there is no part"),
        ("version", "version=delay/1&check=x", "no gates were asked as"),
        ("version", "version=delay/1&part=evaluation&evaluation=x", "has no evaluation"),
    ],
)
def test_what_is_not_there_is_a_sentence(governed, slug, query, said):
    view, shown, _ = seen(BY_SLUG[slug], query)
    assert said in view.refusal
    assert view.refusal.split(";")[0] in shown


def test_forms_are_for_whoever_may(governed):
    def forms(role):
        page = BY_SLUG["version"]
        person = Person("eve", role) if role else None
        view = page.view()(page, Visit(query="version=delay/2", person=person, how="basic auth" if role else ""))
        return {
            name for name in ("stage", "pin", "gates", "decide") if f'data-do="{name}"' in "".join(view.made.values())
        }

    assert forms("") == forms("viewer") == set()
    assert forms("editor") == {"stage", "pin", "gates"}
    ml.people.add("eve", role="approver", no_password=True)
    # The author is only the system's word: nobody's approval counts, so none is asked for.
    assert forms("approver") == {"stage", "pin", "gates"}


def test_a_guest_is_not_whoever_started_the_server(governed, monkeypatch):
    ml.people.add("eve", role="approver", no_password=True)
    ml.people.add("ada", role="editor", no_password=True)
    monkeypatch.setenv("MLOPS_NB_KEY", ml.people.key("ada").secret)
    ml.register("delay", LogisticRegression(C=3.0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]))
    ml.gates.run("delay/3", "production")
    monkeypatch.setenv("MLOPS_NB_KEY", ml.people.key("eve").secret)
    assert [one.mine for one in ml.review(all=True)] == [True]
    view, said, _ = seen(BY_SLUG["registry"])
    assert [one.mine for one in view.found.waiting] == [False]
    assert "Decide" not in said
    page = BY_SLUG["registry"]
    hers = page.view()(page, Visit(person=Person("eve", "approver"), how="basic auth"))
    assert [one.mine for one in hers.found.waiting] == [True]

"""The search box takes any reference."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import InvalidInput, NotFound
from mlops_nb.pages.searching import places
from mlops_nb.pages.site import BY_SLUG
from mlops_nb.store.store import current


@pytest.fixture
def known(store):
    with ml.track("flights") as run:
        model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        run.log_metric("auc", 0.9)
    ml.pin(ml.register("delay", model).ref, "trial")
    ml.view("good ones", "metrics.auc > 0.5")
    return run.id


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("last", "run", "run?run={run}"),
        ("best:auc", "run", "run?run={run}"),
        ("flights", "experiment", "runs?where=experiment+%3D+%27flights%27"),
        ("delay", "model", "model?model=delay"),
        ("delay/1", "version", "version?version=delay%2F1"),
        ("delay@trial", "version", "version?version=delay%2F1"),
        ("good ones", "view", "runs?view=good+ones"),
        ("  flights ", "experiment", "runs?where=experiment+%3D+%27flights%27"),
    ],
)
def test_where_a_reference_leads(known, text, kind, address):
    assert places(current(), text) == [(kind, text.strip(), address.format(run=known))]


def test_the_beginning_of_a_run(known):
    assert places(current(), known[:12].lower())[0][2] == f"run?run={known}"


def test_a_dataset_by_the_beginning_of_its_fingerprint(known):
    digest = ml.datasets()[0].digest.partition(":")[2]
    ((kind, _, address),) = places(current(), digest[:10])
    assert kind == "dataset"
    assert digest[:10] in address
    assert len(ml.runs(f"dataset = '{digest[:10]}'")) == 1


def test_two_things_of_one_name_are_both_offered(known):
    ml.rename("flights", "delay", kind="experiment")
    assert [kind for kind, _, _ in places(current(), "delay")] == ["experiment", "model"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1_000_000])
def test_what_is_no_reference(known, text):
    with pytest.raises(InvalidInput):
        places(current(), text)


def test_nothing_of_that_name_says_the_nearest(known):
    with pytest.raises(NotFound, match="did you mean 'flights'"):
        places(current(), "fligths")


def test_every_place_is_an_address_that_its_page_reads(known):
    for text in ("last", "flights", "delay", "delay/1", "good ones"):
        for _, _, address in places(current(), text):
            slug, _, query = address.partition("?")
            place = BY_SLUG[slug].view().place
            assert place.read(query).link() == address

"""Two who fill in one canvas: what somebody saved since is not saved over unseen; and who changed what."""

from __future__ import annotations

import pytest

import mlops_nb as ml
from mlops_nb.errors import InvalidInput
from mlops_nb.registry.framing.reading import changes
from mlops_nb.registry.framing.saving import ChangedMeanwhile
from mlops_nb.store.actor import acting
from mlops_nb.store.store import Store


def fields() -> dict[str, object]:
    return dict(ml.canvas("delay").fields)


def test_what_somebody_saved_since_is_not_saved_over(store: Store):
    ml.canvas("delay", fields={"owner": "Ada", "unit": "EUR"})
    with acting("bob", verified="key"):
        ml.canvas("delay", fields={"owner": "Bob", "contact": "4711"})
    said = "the canvas changed meanwhile: bob saved revision 2, and Owner no longer says what you began with"
    with pytest.raises(ChangedMeanwhile, match=said) as error:
        ml.canvas("delay", fields={"owner": "Ada L.", "features": "hour"}, revision=1)
    assert (error.value.fields, error.value.revision) == (("owner",), 2)
    assert fields() == {"owner": "Bob", "contact": "4711", "unit": "EUR"}
    assert ml.canvas("delay", fields={"owner": "Ada L."}, revision=2).revision == 3


def test_other_fields_may_have_changed(store: Store):
    ml.canvas("delay", fields={"owner": "Ada"})
    ml.canvas("delay", fields={"contact": "4711"})
    assert ml.canvas("delay", fields={"owner": "Ada L."}, revision=1).revision == 3
    assert fields() == {"owner": "Ada L.", "contact": "4711"}


def test_both_saying_the_same_is_no_quarrel(store: Store):
    ml.canvas("delay", fields={"success_target": 0.5})
    ml.canvas("delay", fields={"success_target": 0.75})
    assert ml.canvas("delay", fields={"success_target": "0.750"}, revision=1).revision == 2


def test_a_field_that_was_taken_away_meanwhile(store: Store):
    ml.canvas("delay", fields={"owner": "Ada", "unit": "EUR"})
    ml.canvas("delay", fields={"owner": ""})
    with pytest.raises(ChangedMeanwhile):
        ml.canvas("delay", fields={"owner": "Ada L."}, revision=1)


def test_from_nothing(store: Store):
    ml.canvas("delay", fields={"owner": "Ada"})
    with pytest.raises(ChangedMeanwhile):
        ml.canvas("delay", fields={"owner": "Bob"}, revision=0)
    assert ml.canvas("other", fields={"owner": "Bob"}, revision=0).revision == 1


@pytest.mark.parametrize("revision", [3, -1, 99])
def test_a_revision_that_is_none_is_refused(store: Store, revision: int):
    ml.canvas("delay", fields={"owner": "Ada"})
    with pytest.raises(InvalidInput, match=f"no revision {revision}"):
        ml.canvas("delay", fields={"owner": "Bob"}, revision=revision)
    with pytest.raises(InvalidInput, match="no revision 1"):
        ml.canvas("new", fields={"owner": "Bob"}, revision=1)
    assert "new" not in [one.model for one in ml.canvases()]


def test_the_form_in_a_notebook_says_so_and_saves_over_it_when_asked_again(store: Store):
    ml.canvas("delay", fields={"owner": "Ada", "unit": "EUR"})
    form = ml.canvas("delay").form()
    with acting("bob", verified="key"):
        ml.canvas("delay", fields={"owner": "Bob", "unit": "USD"})
    form.fields["owner"].value = "Ada <L>"
    form.save.click()
    assert "not saved:</b> the canvas changed meanwhile: bob saved revision 2" in form.said.value
    assert (form.fields["owner"].value, form.fields["unit"].value) == ("Ada <L>", "USD")
    assert fields() == {"owner": "Bob", "unit": "USD"}
    form.save.click()
    assert form.said.value == "saved as revision 3"
    assert fields() == {"owner": "Ada <L>", "unit": "USD"}


def test_a_number_that_needs_all_its_digits_is_not_changed_by_a_form(store: Store):
    ml.canvas("delay", fields={"cost_false_positive": 0.1 + 0.2, "gain_true_positive": 1e22})
    form = ml.canvas("delay").form()
    form.fields["unit"].value = "EUR"
    form.save.click()
    assert fields() == {"cost_false_positive": 0.1 + 0.2, "gain_true_positive": 1e22, "unit": "EUR"}


def test_who_changed_what(store: Store):
    assert changes(store, "delay", 10) == ()
    ml.canvas("delay", fields={"owner": "Ada", "success_target": 0.5})
    with acting("bob", verified="key"):
        ml.canvas("delay", fields={"owner": "", "success_target": 0.75})
        ml.decide("delay", "kind", option=["a", "b"], choice="a", reason="x")
    third, second, first = changes(store, "delay", 10)
    assert first.fields == (("success_target", "", "0.5"), ("owner", "", "Ada"))
    assert second.fields == (("success_target", "0.5", "0.75"), ("owner", "Ada", ""))
    assert (second.actor, second.verified, second.revision) == ("person:bob", "key", 2)
    assert (third.fields, third.decisions) == ((), ("kind",))
    assert changes(store, "delay", 2) == (third, second)


def test_lists_canvases_last_saved_first_and_then_the_models_without(store: Store):
    assert list(ml.canvases()) == []
    assert "%canvas NAME" in ml.canvases().note
    for name in ("b", "c", "a"):
        ml.canvas(name, fields={"owner": "Ada"})
    ml.canvas("b", fields={"owner": "Bob"})
    ml.canvas("gone", fields={"owner": "Ada"})
    ml.trash("gone", kind="model")
    found = ml.canvases(limit=2)
    assert ([one.model for one in found], found.total) == (["b", "a"], 3)
    assert [one.model for one in ml.canvases(limit=2, after=found.next_page)] == ["c"]
    for wrong in ({"limit": 0}, {"limit": 201}, {"after": "x"}, {"after": "-1"}, {"after": "9" * 13}):
        with pytest.raises(InvalidInput):
            ml.canvases(**wrong)


@pytest.mark.parametrize("after", [-5, "-5", "x", 1.5, "9" * 20])
def test_what_is_no_cursor_is_one_line(store: Store, after: object):
    for verb in (ml.canvases, ml.risks):
        with pytest.raises(InvalidInput, match="is no cursor"):
            verb(after=after)

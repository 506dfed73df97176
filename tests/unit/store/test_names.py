from __future__ import annotations

import pytest

from mlops_nb.errors import InvalidInput
from mlops_nb.store import names

HOSTILE = [
    "",
    " ",
    "../../x",
    "/etc",
    ".hidden",
    "a/b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "<script>",
    "a;b",
    "é",
    "🦜",
    "\ud800",
    "a" * 129,
    "-x",
    "a'b",
    'a"b',
    "%s",
    "\u202ea",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_are_refused_in_one_line(name: str):
    with pytest.raises(InvalidInput, match="not a valid model name") as caught:
        names.name(name, "model")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["a", "flights-delay", "A 1._-", "  trimmed ", "9", "a" * 128, "a..b"])
def test_names_that_are_allowed(name: str):
    assert names.name(name, "model") == name.strip()


@pytest.mark.parametrize("key", ["", "a" * 251, "a\nb", "a\x00", "\ud800", "\x1b[31m", "\u202e", "\u200b"])
def test_keys_that_are_refused(key: str):
    with pytest.raises(InvalidInput, match="not a valid param key"):
        names.key(key, "param")


@pytest.mark.parametrize(
    "key",
    ["a", "val/loss", "roc_auc_score[X_valid]", "🦜", "../../x", "<script>", "'; DROP TABLE run; --", "a" * 250, 5],
)
def test_keys_that_are_allowed(key: object):
    assert names.key(key, "param") == str(key)

"""Secrets at rest: the bytes of the whole store are searched for what a run was given."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlops_nb as ml
from mlops_nb.runs.active_run import ActiveRun, describe
from mlops_nb.store.masking import mask
from mlops_nb.store.store import Store

from ..property.secrets import SAMPLES


def _bytes_at_rest(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_secret_is_nowhere_in_the_store(store: Store, kind: str):
    text, secrets = SAMPLES[kind]
    run = ActiveRun(store, "a", params={"line": text}, tags={"line": text}, note=text)
    run.log_params(again=text)
    run.describe_metric("auc", None, mask(text), None)  # capture, which reads the cell, masks it
    run.log_metric("auc", 0.9)
    run.problem(text)
    run.end("failed", describe(ConnectionError(text.replace("\n", " "))))
    store.writer.flush()
    ml.note(run.id, text)
    ml.db.backup()
    store.close()
    kept = _bytes_at_rest(store.folder)
    assert run.id.encode() in kept
    for secret in secrets:
        assert secret.encode() not in kept


@pytest.mark.parametrize(
    "key", ["password", "api_key", "DB_PASSWORD", "aws_secret_access_key", "authToken", "client-secret"]
)
def test_a_value_whose_key_says_secret_is_masked_whole(store: Store, key: str):
    with ActiveRun(store, "a", params={key: "correct horse battery"}, tags={key: "hunter2"}):
        pass
    (found,) = ml.runs()
    assert (found.params[key], found.tags[key]) == ("••••••", "••••••")
    store.close()
    kept = _bytes_at_rest(store.folder)
    assert b"correct horse" not in kept
    assert b"hunter2" not in kept


def test_numbers_and_ordinary_values_are_left_alone(store: Store):
    params = {
        "max_tokens": 100,
        "tokenizer": "bert-base-uncased",
        "author": "Ada",
        "token_pattern": r"(?u)\b\w\w+\b",
        "pad_token": "[PAD]",
    }
    with ActiveRun(store, "a", params=params):
        pass
    assert ml.runs()[0].params == params

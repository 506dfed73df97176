"""Can it be done: data, truth, a baseline and an owner, answered from what the store holds and not by ticking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import quoted
from mlops_nb.registry.framing.model import Check
from mlops_nb.store.ids import SHORT

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

FEWEST_ROWS = 100
_LATELY = 20
# The model's runs: those of its versions, all of their experiments, all of the experiment that has its name, and
# those that a decision names. A run of another model says nothing about this one.
_MINE = """
WITH mine AS (
  SELECT r.id, r.ulid, r.started_us FROM run r WHERE r.trashed_us IS NULL AND r.experiment IN (
    SELECT id FROM experiment WHERE name = ? UNION
    SELECT o.experiment FROM version v JOIN run o ON o.ulid = v.run WHERE v.model = ? AND v.trashed_us IS NULL)
  UNION SELECT r.id, r.ulid, r.started_us FROM run r WHERE r.trashed_us IS NULL AND r.ulid IN ({runs})
)"""
_COUNT = "SELECT count(*) FROM mine"
_TRAINED = """
SELECT m.ulid, d.rows FROM mine m JOIN run_dataset u ON u.run = m.id JOIN dataset_version d ON d.id = u.version
WHERE u.role = 'train' ORDER BY d.rows DESC, m.started_us DESC LIMIT 1"""
# Run by run: from the metrics' side, all runs of the project would be looked at.
_TESTED = """
SELECT m.ulid, (SELECT min(k.name) FROM metric s JOIN key k ON k.id = s.key WHERE s.run = m.id AND s.role = 'test')
FROM mine m WHERE EXISTS (SELECT 1 FROM metric s WHERE s.run = m.id AND s.role = 'test')
ORDER BY m.started_us DESC LIMIT 1"""
_SIMPLE = """
SELECT m.ulid FROM mine m JOIN tag t ON t.run = m.id JOIN key k ON k.id = t.key
WHERE k.name = 'baseline' AND lower(t.text) NOT IN ('', '0', 'false', 'no') ORDER BY m.started_us DESC LIMIT 1"""
_EVALUATED = """
SELECT e.number, e.body FROM evidence e JOIN version v ON v.model = e.model AND v.number = e.number
WHERE e.kind = 'evaluation' AND e.model = ? AND v.trashed_us IS NULL ORDER BY e.id DESC LIMIT ?"""


def feasibility(
    store: Store, model: int | None, name: str, fields: Mapping[str, Any], runs: Sequence[str] = ()
) -> tuple[Check, ...]:
    """The four questions, answered: data, labels, baseline, owner.

    Args:
        store: Where to look.
        model: The model's row; None: there is no such model yet.
        name: Its name; an experiment that has it counts as the model's.
        fields: The canvas.
        runs: ULIDs of runs that its decisions name.
    """
    mine = _Mine(store, model, name, runs)
    evaluated = [] if model is None else store.query(_EVALUATED, (model, _LATELY))
    found = [(number, json.loads(body)) for number, body in evaluated]
    return _data(mine), _labels(mine, found), _baseline(mine, found), _owner(name, fields)


class _Mine:
    """What the model's runs say."""

    def __init__(self, store: Store, model: int | None, name: str, runs: Sequence[str]) -> None:
        self.store, self.name = store, name
        self.sql = _MINE.format(runs=", ".join("?" * len(runs)) or "NULL")
        self.values = (name, model, *runs)
        self.count = int(self.ask(_COUNT)[0][0])

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a question about these runs."""
        return self.store.query(f"{self.sql} {sql}", self.values)

    @property
    def none(self) -> str:
        """That there are none, and how there would be."""
        return f"no run belongs to this model; %%track {quoted(self.name)} makes one"


def _data(mine: _Mine) -> Check:
    if not mine.count:
        return Check("data", "insufficient", mine.none)
    rows = mine.ask(_TRAINED)
    if not rows:
        return Check("data", "no", f"none of {mine.count:,} runs has train data on record")
    run, count = rows[0]
    says = f"{count:,} rows of train data in run {run[:SHORT]}"
    if count < FEWEST_ROWS:
        return Check("data", "insufficient", f"{says}: fewer than {FEWEST_ROWS}")
    return Check("data", "yes", says)


def _labels(mine: _Mine, evaluated: list[tuple[int, dict[str, Any]]]) -> Check:
    if evaluated:
        number, body = evaluated[0]
        truth = f"{mine.name}/{number} was evaluated against {body['target']!r} on {body['rows']:,} rows"
        return Check("labels", "yes", truth)
    if not mine.count:
        return Check("labels", "insufficient", mine.none)
    rows = mine.ask(_TESTED)
    if rows:
        return Check("labels", "yes", f"{rows[0][1]} was computed on test data in run {rows[0][0][:SHORT]}")
    return Check("labels", "no", f"no evaluation, and none of {mine.count:,} runs has a metric on test data")


def _baseline(mine: _Mine, evaluated: list[tuple[int, dict[str, Any]]]) -> Check:
    for number, body in evaluated:
        if body.get("baselines"):
            names = ", ".join(one["name"] for one in body["baselines"])
            return Check("baseline", "yes", f"{names}, on the data of {mine.name}/{number}'s evaluation")
    if not mine.count:
        return Check("baseline", "insufficient", mine.none)
    rows = mine.ask(_SIMPLE)
    if rows:
        return Check("baseline", "yes", f"run {rows[0][0][:SHORT]} has the tag 'baseline'")
    return Check("baseline", "no", "no evaluation with a baseline, and no run with the tag 'baseline'")


def _owner(name: str, fields: Mapping[str, Any]) -> Check:
    if fields.get("owner"):
        return Check("owner", "yes", f"{fields['owner']}")
    return Check("owner", "no", f"nobody answers for it; %canvas {quoted(name)} --set owner=…")

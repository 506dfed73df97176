"""Models as a team governs them, by the verbs: what the pages of the registry, canvas, risk and audit are tried on.

`late-flights` has a canvas, gates and five versions: 1 was champion, 2 was rejected, 3 was champion and rolled back
from, 4 is champion, 5 waits for an approval. `minutes-late` is in production against its gates, `cancelled` with none
before it, and `seat-demand` is a canvas without a version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_nb as ml

KEY = "MLOPS_NB_KEY"
FEATURES = ["hour", "distance", "wind"]
HOSTILE = '"><img src=x onerror=alert(1)>'
# As `--usual` would have them, but for a latency that also a machine with much to do keeps.
GATES = (
    *("metric roc_auc >= 0.6", "baseline roc_auc", "overlap", "champion roc_auc margin=0.006", "latency at_most=60s"),
    *("risk", "card", "approval", "slices roc_auc by=origin within=0.2"),
)
WORDS = {
    "intended_use": "The ops desk sorts tomorrow's flights by it; a person decides.",
    "out_of_scope": "Airports other than New York's.",
    "limits": f"One year of data; storms are rare in it. {HOSTILE}",
    "ethics": "No personal data; a wrong answer costs waiting, not safety.",
    "contact": "ops desk",
}


def flights(rows: int, seed: int) -> pd.DataFrame:
    """Flights whose lateness a straight line explains in part: the truth `late`, `minutes`, and `origin`."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "hour": random.integers(5, 24, rows).astype(float),
            "distance": random.normal(1000, 400, rows).round(1),
            "wind": random.gamma(4, 3, rows).round(2),
        }
    )
    risk = 0.12 * (frame.hour - 14) + 1.6 * ((frame.wind > 12) ^ (frame.hour > 16)) - 1.2
    late = (risk + random.logistic(size=rows) * 0.5 > 0).astype(int)
    minutes = (20 * risk + random.normal(0, 8, rows)).round(1)
    return frame.assign(
        late=late, minutes=minutes, origin=random.choice(["EWR", "JFK", "LGA"], rows, p=[0.5, 0.4, 0.1])
    )


def trained(experiment: str, model: Any, data: pd.DataFrame, truth: str = "late") -> str:
    """A run that fitted a model."""
    with ml.track(experiment, params={"rows": len(data), "estimator": type(model).__name__}) as run:
        model.fit(data[FEATURES], data[truth])
        run.log_metric("score", float(model.score(data[FEATURES], data[truth])))
    return str(run.id)


@contextmanager
def key_of(secret: str) -> Iterator[None]:
    """Work as the person whose key this is."""
    before = os.environ.get(KEY)
    os.environ[KEY] = secret
    try:
        yield
    finally:
        os.environ.pop(KEY) if before is None else os.environ.update({KEY: before})


def govern() -> None:
    """All of it. Ada is an editor and makes the models, Grace approves; who has a password is up to the tests."""
    ml.people.add("ada", role="editor", no_password=True)
    ml.people.add("grace", role="approver", no_password=True)
    ada, grace = (ml.people.key(name).secret for name in ("ada", "grace"))
    with key_of(ada):
        late_flights(grace)
        minutes_late()
        cancelled()
        ml.canvas("seat-demand", fields={"prediction_task": "How many seats will be asked for?", "owner": "ada"})


def late_flights(grace: str) -> None:
    """A model with everything that governs it."""
    name = "late-flights"
    train, test = flights(900, 1), flights(700, 2)[[*FEATURES, "origin", "late"]]
    first = trained(name, LogisticRegression(max_iter=500), train)
    framed(name, first)
    ml.register(name, first, note="a straight line to begin with")
    judged(name, 1, test)
    ml.risk(
        f"{name}/1",
        hazard="a late flight is not announced",
        likelihood="likely",
        severity="minor",
        mitigation="the ops desk still looks at the weather",
        residual="low",
    )
    ml.card(f"{name}/1", words=WORDS)
    promoted(name, 1, grace, "the first model that the ops desk may use")

    stump = HistGradientBoostingClassifier(max_iter=1, max_depth=1, random_state=0)
    ml.register(name, trained(name, stump, train[:200]), note="quick and small")
    judged(name, 2, test)
    ml.stage(f"{name}/2", "staging", reason="it is so small", override=True)
    ml.gates.run(f"{name}/2", "production")
    ml.reject(f"{name}/2", reason=f"hardly better than guessing {HOSTILE}", key=grace)

    for number, rows in ((3, 400), (4, 500), (5, 3000)):
        better = HistGradientBoostingClassifier(max_iter=12, learning_rate=0.2, max_leaf_nodes=8, random_state=0)
        run = trained(name, better, flights(rows, 6))
        ml.register(name, run, note=f"sees how wind and hour play together, {rows} flights")
        judged(name, number, test)
        ml.card(f"{name}/{number}", confirm=True)
        if number == 5:
            break
        promoted(name, number, grace, "better at all three airports")
        if number == 3:
            ml.rollback(name, reason="the ops desk sees delays that are not there")
    ml.risk(f"{name}/5", hazard=f"storms are rarer in the data {HOSTILE}", likelihood="possible", severity="moderate")
    ml.risk(f"{name}/5", accept=True, reason="the ops desk knows", key=grace)
    ml.explain(f"{name}/5", repeats=3)
    ml.fairness(f"{name}/5", by=["origin"])
    ml.stage(f"{name}/5", "staging", reason="clearly better on the same flights")
    ml.gates.run(f"{name}/5", "production")
    ml.pin(f"{name}/5", "challenger", reason="for the comparison on Monday")
    ml.pin(f"{name}/3", "before-the-storm")


def framed(name: str, run: str) -> None:
    """What the model is for, how its design was decided, and the gates that follow."""
    ml.canvas(
        name,
        fields={
            "task": "classification",
            "prediction_task": "Will this flight arrive more than 15 minutes late?",
            "decisions": f"Which passengers are told to wait at home. {HOSTILE}",
            "value_proposition": "Fewer people wait at the gate.",
            "data_sources": "Flights out of New York, weather by the hour.",
            "success_metric": "roc_auc",
            "success_target": 0.6,
            "cost_false_negative": 40,
            "cost_false_positive": 5,
            "unit": "EUR",
            "owner": "ada",
        },
    )
    ml.decide(
        name,
        "which kind of model first",
        option=["a straight line", "boosted trees"],
        choice="a straight line",
        reason="what it cannot do shows what trees must add",
        run=[run],
    )
    ml.gates.define(name, "staging", usual=True, reason="agreed with the ops desk")
    ml.gates.define(name, "production", *GATES, reason="agreed with the ops desk")


def judged(name: str, number: int, test: pd.DataFrame) -> None:
    """An evaluation with groups."""
    ml.evaluate(f"{name}/{number}", test, target="late", slices=["origin"], sample=200)


def promoted(name: str, number: int, grace: str, reason: str) -> None:
    """Through both stages, with Grace's yes."""
    ref = f"{name}/{number}"
    ml.stage(ref, "staging", reason=f"{reason}: a candidate")
    ml.risk(ref, accept=True, reason="the ops desk decides, the model only sorts", key=grace)
    ml.approve(ref, reason=reason, key=grace)
    ml.stage(ref, "production", reason=reason)


def minutes_late() -> None:
    """A regression that somebody let in against its gates."""
    name, train = "minutes-late", flights(600, 3)
    ml.register(name, trained(name, LinearRegression(), train, "minutes"), note="minutes instead of yes or no")
    ml.canvas(name, fields={"task": "regression", "success_metric": "mae", "success_target": 5, "owner": "ada"})
    ml.gates.define(name, "production", "metric mae <= 5", "baseline mae", "approval")
    test = flights(300, 4)[[*FEATURES, "origin", "minutes"]]
    ml.evaluate(f"{name}/1", test, target="minutes", slices=["origin"], sample=0)
    ml.stage(f"{name}/1", "staging", reason="to try it")
    ml.stage(f"{name}/1", "production", reason=f"the fair is tomorrow {HOSTILE}", override=True)


def cancelled() -> None:
    """A model that nobody judged, and a newer version of it."""
    name, train = "cancelled", flights(300, 5)
    ml.register(name, trained(name, LogisticRegression(max_iter=500), train), note=HOSTILE)
    ml.stage(f"{name}/1", "production", reason="a demonstration")
    more = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    ml.register(name, trained(name, more, train))

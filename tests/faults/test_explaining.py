"""Explanations and fairness under fault: libraries that are not there, altered evidence, hostile names."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as ml
from mlops_nb.errors import Corrupt, MlopsError
from mlops_nb.registry.verbs import register
from mlops_nb.store.store import Store
from tests.unit.registry.gates.making import define, one, rows, version

HOSTILE = "<script>alert('x')</script>&\"'"
# What an import meets in an environment where they were never installed.
BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"shap", "fairlearn"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def without_extras(store: Store, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process in which neither shap nor fairlearn can be imported."""
    said = f"{BLOCKED}\nimport mlops_nb as ml\nml.store({str(store.folder)!r})\n{code}"
    return subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=False)


@pytest.fixture
def judged(store: Store) -> Store:
    version()
    ml.evaluate("m/1", rows(2000), target="late", slices=["g"])
    return store


def test_without_shap_the_rest_is_explained(judged: Store):
    judged.close()
    done = without_extras(judged, "print(ml.explain('m/1').to_json())")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["result"]["findings"]
    assert [one["features"] for one in findings["importances"]] == [["a"], ["b"]]
    assert findings["shap"]["means"] == []
    assert findings["shap"]["why"] == 'shap is not installed; try: pip install "mlops_nb[explain]"'
    # Once it is there, the same call says more: that is another explanation.
    found = ml.explain("m/1")
    assert (found.existed, len(found.shap.means)) == (False, 2)
    assert found.importances[0].drop == findings["importances"][0]["drop"]


def test_without_fairlearn_nobody_is_fair(judged: Store):
    define("fairness by=g ratio=0.5 within=0.5")
    judged.close()
    done = without_extras(
        judged,
        "try: ml.fairness('m/1', by='g')\n"
        "except ml.errors.MlopsError as error: print(error.line())\n"
        "[gate] = [one for one in ml.gates.run('m/1').results if one.gate.startswith('fairness')]\n"
        "print(gate.verdict, gate.says)".replace("ml.errors", "__import__('mlops_nb.errors').errors"),
    )
    assert done.returncode == 0, done.stderr
    line, gate = done.stdout.splitlines()
    assert line == ('fairlearn is not installed; expected the extra [fairness]; try: pip install "mlops_nb[fairness]"')
    assert gate == f"insufficient {line}"
    # What is on record already needs no library.
    assert one("m/1", "fairness").verdict == "pass"
    ml.fairness("m/1", by="g", ratio=0.5, within=0.5)
    judged.close()
    done = without_extras(
        judged,
        "print([one.verdict for one in ml.gates.run('m/1').results if one.gate.startswith('fairness')], "
        "ml.fairness('m/1').verdict)",
    )
    assert done.stdout == "['pass'] pass\n", done.stderr


def _forced(store: Store, sql: str) -> None:
    store.close()
    connection = sqlite3.connect(store.path)
    connection.execute("DROP TRIGGER evidence_no_update")
    assert connection.execute(sql).rowcount
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE evidence SET body = replace(body, '\"fail\"', '\"pass\"') WHERE kind = 'fairness'", "fairness"),
        (
            "UPDATE evidence SET body = replace(body, '\"ratio\":0.99', '\"ratio\":0.5') WHERE kind = 'fairness'",
            "fairness",
        ),
        ("UPDATE evidence SET dataset = 'fp1b:0' WHERE kind = 'explanation'", "explanation"),
        ("UPDATE evidence SET body = replace(body, 'roc_auc', 'accuracy') WHERE kind = 'explanation'", "explanation"),
    ],
)
def test_altered_evidence_is_named_and_opens_nothing(judged: Store, sql: str, kind: str):
    ml.evaluate(
        "m/1", rows(2000).assign(g=(rows(2000).a > 0).map({True: "x", False: "y"})), target="late", slices=["g"]
    )
    define("fairness by=g ratio=0.99 within=0.001")
    ml.explain("m/1", repeats=2)
    assert ml.fairness("m/1", by="g", ratio=0.99, within=0.001).verdict == "fail"
    assert one("m/1", "fairness").verdict == "fail"
    assert ml.audit.verify().contradictions == ()
    _forced(judged, sql)
    (line,) = ml.audit.verify().contradictions
    assert re.match(f"the {kind} [0-9A-Z]{{10}} of m/1 is not what its digest says: it was altered", line)
    if kind == "fairness":
        found = one("m/1", "fairness")
        assert (found.verdict, "it was altered" in found.says) == ("insufficient", True)
        with pytest.raises(Corrupt, match="it was altered"):
            ml.fairness("m/1")
    else:
        from mlops_nb.registry.explaining.reading import explanation

        with pytest.raises(Corrupt, match="it was altered"):
            explanation("m/1")


def test_evidence_that_points_at_another_evaluation_is_named(judged: Store):
    first = ml.evaluations("m/1")[0]
    ml.evaluate("m/1", rows(500, seed=4), target="late", slices=["g"])
    found = ml.fairness("m/1", by="g")
    assert found.evaluation != first.id
    _forced(judged, f"UPDATE evidence SET evaluation = '{first.id}' WHERE kind = 'fairness'")
    (line,) = ml.audit.verify().contradictions
    assert line.startswith(f"the fairness {found.id[:10]} of m/1")


def test_hostile_names_are_text(store: Store):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({HOSTILE: random.normal(size=900), "b": random.normal(size=900)})
    late = (frame[HOSTILE] + random.normal(size=900) > 0).astype(int)
    frame["twin"] = frame[HOSTILE] + 0.01 * random.normal(size=900)
    register("m", LogisticRegression().fit(frame, late), example=frame.head())
    group = f"{HOSTILE} group"
    names = random.choice(["a", HOSTILE, "x\x1b[31m\ny", "(missing)"], 900)
    ml.evaluate("m/1", frame.assign(late=late, **{group: names}), target="late", slices=[group])
    explained, found = ml.explain("m/1"), ml.fairness("m/1", by=[group])
    card = ml.card("m/1")
    for html in (explained._repr_html_(), found._repr_html_(), card.document()):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
    assert {one.name for one in found.columns[0].groups} == {"a", HOSTILE, "x\x1b[31m\ny", "'(missing)'"}
    assert "\x1b" not in repr(found)
    assert re.search(r"(?<!\\)<script", card.markdown()) is None
    define("fairness by='<script>alert(1)</script>'")
    result = one("m/1", "fairness")
    assert result.verdict == "insufficient"
    assert "\n" not in result.says


def test_a_thousand_groups_are_refused_in_one_line(store: Store):
    version()
    data = rows(3000)
    ml.evaluate("m/1", data.assign(key=data.index // 2), target="late", slices=["g"])
    # Many numbers are quartiles; many texts are no groups at all.
    with pytest.raises(MlopsError, match="more than 1,000 groups"):
        ml.evaluate("m/1", data.assign(key=[f"k{i // 2}" for i in range(3000)]), target="late", slices=["key"])


def test_a_group_of_one_and_a_missing_one(judged: Store):
    data = rows(2000).assign(g=["solo", *["x"] * 999, *[None] * 1000])
    ml.evaluate("m/1", data, target="late", slices=["g"])
    grouped = ml.fairness("m/1", by="g").by("g")
    assert [(one.name, one.n, one.why) for one in grouped.groups] == [
        ("(missing)", 1000, ""),
        ("x", 999, ""),
        ("solo", 1, "1 row, at least 30 are needed"),
    ]
    assert grouped.verdict != "pass"
    assert grouped.groups[2].metric("selection_rate").value in (0.0, 1.0)

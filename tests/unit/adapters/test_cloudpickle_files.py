from __future__ import annotations

import importlib
import io
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from mlops_nb.adapters import cloudpickle_files, skops_files
from mlops_nb.errors import Corrupt, Refused

_IN_A_NOTEBOOK = """
import sys
from pathlib import Path
from sklearn.linear_model import LinearRegression
from mlops_nb.adapters import cloudpickle_files
class Doubled(LinearRegression):
    def predict(self, X):
        return 2 * super().predict(X)
Path(sys.argv[1]).write_bytes(cloudpickle_files.dump(Doubled().fit([[0.0], [1.0]], [0.0, 1.0])))
"""


def test_a_class_of_a_notebook_travels_with_its_code(tmp_path):
    path = tmp_path / "model"
    subprocess.run([sys.executable, "-c", _IN_A_NOTEBOOK, str(path)], check=True)
    model = cloudpickle_files.load(path.read_bytes())
    assert type(model).__name__ == "Doubled"
    assert np.allclose(model.predict([[3.0]]), [6.0])


def test_the_same_model_gives_the_same_bytes():
    one, two = (LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]) for _ in range(2))
    assert cloudpickle_files.dump(one) == cloudpickle_files.dump(two)


def test_nothing_that_opens_pickles_opens_a_file_by_mistake():
    data = cloudpickle_files.dump(LinearRegression())
    assert len(cloudpickle_files.HEADER) == 20
    with pytest.raises((pickle.UnpicklingError, IndexError, KeyError)):
        pickle.loads(data)
    with pytest.raises((pickle.UnpicklingError, IndexError, KeyError)):
        joblib.load(io.BytesIO(data))
    with pytest.raises(Corrupt, match="no skops file"):
        skops_files.load(data)


def test_a_file_without_the_header_or_cut_is_damaged():
    data = cloudpickle_files.dump(LinearRegression())
    for bad in (b"", data[20:], data[:20], data[:-10], data[:25]):
        with pytest.raises(Corrupt, match="damaged") as refusal:
            cloudpickle_files.load(bad)
        assert "\n" not in str(refusal.value)


def test_what_can_not_be_pickled_is_said_in_one_line():
    model = LinearRegression()
    model.lock = threading.Lock()
    with pytest.raises(Refused, match=r"LinearRegression can't be saved with cloudpickle either: .*lock") as refusal:
        cloudpickle_files.dump(model)
    assert "\n" not in str(refusal.value)


_MODULE = "class Model:\n    def predict(self, X):\n        return X\n"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A module that is here when a model is saved, and may be gone when it is loaded."""
    (tmp_path / "a_module_of_long_ago.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("a_module_of_long_ago")
    sys.modules.pop("a_module_of_long_ago", None)


def test_a_class_whose_module_is_not_here_is_said_in_one_line(elsewhere, monkeypatch):
    data = cloudpickle_files.dump(elsewhere.Model())
    assert cloudpickle_files.load(data).predict(3) == 3
    Path(elsewhere.__file__).unlink()
    monkeypatch.delitem(sys.modules, elsewhere.__name__)
    importlib.invalidate_caches()
    with pytest.raises(Refused, match=r"needs code that is not here: .*a_module_of_long_ago") as refusal:
        cloudpickle_files.load(data)
    assert "\n" not in str(refusal.value)


def test_a_class_that_moved_is_said_in_one_line(elsewhere):
    data = cloudpickle_files.dump(elsewhere.Model())
    elsewhere.Moved = elsewhere.__dict__.pop("Model")
    with pytest.raises(Refused, match=r"needs code that is not here: .*Model"):
        cloudpickle_files.load(data)


class _Fails:
    def __reduce__(self):
        return (int, ("three\nlines\nhere",))


def test_code_that_fails_when_it_is_loaded_is_said_in_one_line():
    with pytest.raises(Refused, match="could not be loaded: ValueError") as refusal:
        cloudpickle_files.load(cloudpickle_files.dump(_Fails()))
    assert "\n" not in str(refusal.value)

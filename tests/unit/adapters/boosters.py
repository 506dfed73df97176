"""Models of XGBoost and LightGBM.

As a script: digests of their files, the answers of saved ones (`FOLDER`), or what becomes of changed ones
(`LIBRARY NAME SEED COUNT`): a process that ends by a signal has found a file that must not reach the library.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = 240
_RANDOM = np.random.default_rng(0)
X = _RANDOM.normal(size=(ROWS, 3))
X[::7, 1] = np.nan
LATE = (X[:, 0] > 0).astype(int)
CLASSES = (X[:, 0] > 0.5).astype(int) + (X[:, 2] > 0)
NOISE = _RANDOM.permutation(CLASSES)
TEXTS = np.array(["early", "on time", "late"])[CLASSES]
HOLED = np.where(np.isnan(X), -999.0, X)
WITH_INDEX = np.c_[X, _RANDOM.integers(0, 20, ROWS)]
NUMBERS = pd.DataFrame(X, columns=["delay", "hour", "distance"])
FRAME = NUMBERS.assign(
    carrier=pd.Categorical(_RANDOM.choice(["AA", "UA", None], ROWS)), gate=pd.Categorical(_RANDOM.choice([3, 5], ROWS))
)
BY_CATEGORY = np.where(FRAME["carrier"] == "AA", 1, np.where(FRAME["gate"] == 3, LATE, 0))
GROUPS = [20] * (ROWS // 20)


def _xgboost() -> dict[str, Callable[[], tuple[Any, Any]]]:
    import xgboost as xgb

    def classifier(**options):
        return xgb.XGBClassifier(n_estimators=6, n_jobs=1, **options)

    def early():
        model = classifier(early_stopping_rounds=2).set_params(n_estimators=100)
        return model.fit(X, CLASSES, eval_set=[(X[:60], NOISE[:60])], verbose=False), X

    def custom():
        return xgb.XGBRegressor(n_estimators=2, objective=_squared).fit(X, LATE), X

    def raw():
        data = xgb.DMatrix(FRAME, label=LATE, enable_categorical=True)
        return xgb.train({"objective": "binary:logistic", "nthread": 1}, data, 5), FRAME

    several = X[:, [0, 2]]
    return {
        "two classes": lambda: (classifier().fit(X, LATE), X),
        "a value that is missing": lambda: (classifier(missing=-999.0).fit(HOLED, CLASSES), HOLED),
        "softmax": lambda: (classifier(objective="multi:softmax").fit(X, CLASSES), X),
        "categories": lambda: (classifier(enable_categorical=True, max_cat_to_onehot=1).fit(FRAME, BY_CATEGORY), FRAME),
        "several labels": lambda: (classifier().fit(X, (several > 0).astype(int)), X),
        "monotone": lambda: (classifier(monotone_constraints=(1, 0, 0)).fit(X, LATE), X),
        "dropped trees": lambda: (classifier(rate_drop=0.5, booster="dart").fit(X, LATE), X),
        "linear": lambda: (classifier(booster="gblinear").fit(HOLED, LATE), HOLED),
        "forest": lambda: (xgb.XGBRFClassifier(n_estimators=4, n_jobs=1).fit(X, LATE), X),
        "numbers": lambda: (xgb.XGBRegressor(n_estimators=6, n_jobs=1).fit(NUMBERS, X[:, 0]), NUMBERS),
        "several numbers": lambda: (xgb.XGBRegressor(n_estimators=6, n_jobs=1).fit(X, several), X),
        "ranks": lambda: (xgb.XGBRanker(n_estimators=6, n_jobs=1).fit(X, LATE, group=GROUPS), X),
        "early": early,
        "raw": raw,
        "custom": custom,
        "vector leaves": lambda: (
            xgb.XGBRegressor(n_estimators=2, n_jobs=1, multi_strategy="multi_output_tree").fit(X, several),
            X,
        ),
    }


def _squared(truth, predicted):
    return predicted - truth, np.ones_like(truth)


def _lightgbm() -> dict[str, Callable[[], tuple[Any, Any]]]:
    import lightgbm as lgb

    quiet = {"n_jobs": 1, "verbose": -1, "deterministic": True}
    options = {"n_estimators": 8, **quiet}
    stop = [lgb.early_stopping(2, verbose=False)]

    def early():
        model = lgb.LGBMClassifier(**{**options, "n_estimators": 200})
        return model.fit(X, CLASSES, eval_X=X[:60], eval_y=NOISE[:60], callbacks=stop), X

    def raw():
        data = lgb.Dataset(X, label=CLASSES)
        params = {"objective": "multiclass", "num_class": 3, "num_threads": 1, **quiet}
        watched = lgb.Dataset(X[:60], label=NOISE[:60], reference=data)
        return lgb.train(params, data, 60, valid_sets=[watched], callbacks=stop, keep_training_booster=True), X

    def categories():
        return lgb.LGBMClassifier(**options, min_data_per_group=1, cat_smooth=1).fit(
            FRAME, np.array(["early", "late"])[BY_CATEGORY]
        ), FRAME

    def index():
        model = lgb.LGBMClassifier(**options, min_data_per_group=1, cat_smooth=1)
        return model.fit(WITH_INDEX, WITH_INDEX[:, 3] > 9, categorical_feature=[3]), WITH_INDEX

    forest = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    return {
        "two classes": lambda: (lgb.LGBMClassifier(**options).fit(X, LATE), X),
        "weights": lambda: (lgb.LGBMClassifier(**options, class_weight={0: 1.0, 1: 3.0}).fit(X, LATE), X),
        "texts": lambda: (lgb.LGBMClassifier(**options).fit(NUMBERS, TEXTS), NUMBERS),
        "object texts": lambda: (lgb.LGBMClassifier(**options).fit(X, TEXTS.astype(object)), X),
        "true or false": lambda: (lgb.LGBMClassifier(**options).fit(X, LATE == 1), X),
        "categories": categories,
        "categories by index": index,
        "numbers": lambda: (lgb.LGBMRegressor(**options).fit(NUMBERS, X[:, 0]), NUMBERS),
        "linear leaves": lambda: (lgb.LGBMRegressor(**options, linear_tree=True).fit(X, X[:, 0]), X),
        "forest": lambda: (lgb.LGBMRegressor(**options, **forest).fit(X, X[:, 0]), X),
        "four leaves": lambda: (lgb.LGBMRegressor(**options, num_leaves=4).fit(X, X[:, 0]), X),
        "one leaf": lambda: (lgb.LGBMRegressor(**options).fit(X[:5], X[:5, 0]), X),
        "ranks": lambda: (lgb.LGBMRanker(**options).fit(X, LATE, group=GROUPS), X),
        "early": early,
        "raw": raw,
        "custom": lambda: (lgb.LGBMRegressor(**options, objective=_squared).fit(X, X[:, 0]), X),
    }


# What their own formats do not say.
NOT_SAVED = {"custom", "vector leaves"}


def fitted(library: str, name: str) -> tuple[Any, Any]:
    """A model and rows that it takes."""
    with warnings.catch_warnings():
        # Newer versions say that random forests, dart and gblinear will go.
        warnings.filterwarnings("ignore", ".*deprecated.*")
        return {"xgboost": _xgboost, "lightgbm": _lightgbm}[library]()[name]()


def names() -> list[tuple[str, str]]:
    return [("xgboost", name) for name in _xgboost()] + [("lightgbm", name) for name in _lightgbm()]


def answers(model: Any, rows: Any) -> dict[str, Any]:
    """All that a model says, as arrays."""
    found = {"predict": np.asarray(model.predict(rows)), "count": np.asarray(model.n_features_in_)}
    for name in ("classes_", "feature_names_in_"):
        if hasattr(model, name):
            found[name] = np.asarray(getattr(model, name))
    if hasattr(model, "predict_proba"):
        found["probability"] = model.predict_proba(rows)
    return found


def _answer_saved(folder: Path) -> None:
    from mlops_nb.adapters import model_files

    for path in sorted(folder.glob("*.model")):
        model = model_files.load(path.read_bytes(), f"{path.name.split('.')[0]}/1")
        pd.to_pickle(answers(model, pd.read_pickle(path.with_suffix(".rows"))), path.with_suffix(".answers"))


def _digests() -> dict[str, str]:
    from mlops_nb.adapters import model_files

    return {
        f"{library} {name}": hashlib.sha256(model_files.dump(fitted(library, name)[0]).data).hexdigest()
        for library, name in names()
        if name not in NOT_SAVED
    }


_WORDS = (
    *("0", "-1", "1", "2", "-2", "7", "100000", "-100000", "4294967295", "999999999999"),
    *("1e300", "1e999", "1e-320", "nan", "inf", "0.5", "x"),
)


def _changed(library: str, file: bytes, random: np.random.Generator) -> bytes:
    """A file with one to three numbers, words or bytes of it changed; LightGBM's sizes of trees stay right."""
    data = bytearray(file)
    for _ in range(random.integers(1, 4)):
        at = int(random.integers(len(data) - 4))
        if random.random() < 0.3:
            data[at] = int(random.integers(256))
        elif library == "xgboost":
            data[at : at + 4] = int(random.choice([0, -1, 1, 2, 3, 100, 2**31 - 1])).to_bytes(4, "big", signed=True)
        else:
            words = re.split(rb"([= \n:\[\]])", bytes(data))
            words[int(random.integers(len(words)))] = str(random.choice(_WORDS)).encode()
            data = bytearray(b"".join(words))
    if library == "xgboost":
        return bytes(data)
    head, first, rest = bytes(data).partition(b"\nTree=0\n")
    trees, ended, after = (first[1:] + rest).partition(b"end of trees\n")
    sizes = [str(len(tree)) for tree in re.split(rb"(?=Tree=\d+\n)", trees) if tree]
    head = re.sub(rb"tree_sizes=.*", b"tree_sizes=" + " ".join(sizes).encode(), head)
    return head + b"\n" + trees + ended + after


def _disturb(library: str, name: str, seed: int, count: int) -> dict[str, int]:
    from mlops_nb.adapters import booster_envelope, model_files
    from mlops_nb.errors import MlopsError

    model, rows = fitted(library, name)
    about, file = booster_envelope.read(model_files.dump(model).data, library)
    random, found = np.random.default_rng(seed), {"loaded": 0, "refused": 0}
    for _ in range(count):
        data = booster_envelope.write(about, _changed(library, file, random))
        try:
            model = model_files.load(data, f"{library}/1")
        except MlopsError:
            found["refused"] += 1
            continue
        found["loaded"] += 1
        # A changed model may answer anything, or refuse the rows: all that it may not do is end the process.
        with contextlib.suppress(Exception):
            model.predict(rows)
    return found


if __name__ == "__main__":
    warnings.filterwarnings("ignore", ".*deprecated.*")
    if len(sys.argv) > 2:
        warnings.simplefilter("ignore")
        print(json.dumps(_disturb(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    elif len(sys.argv) > 1:
        _answer_saved(Path(sys.argv[1]))
    else:
        print(json.dumps(_digests()))

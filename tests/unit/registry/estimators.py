"""Every estimator of scikit-learn, fitted; run as a script it prints the digest of each one's file."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHOUT_FIT_OF_THEIR_OWN = {"DictVectorizer", "LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer", "SparseCoder"}
# Birch's tree is a linked list that skops does not save.
NOT_SAVED = {"Birch"}


def fitted() -> Iterator[tuple[str, Any, Any]]:
    from sklearn.datasets import make_blobs
    from sklearn.utils import all_estimators
    from sklearn.utils._test_common.instance_generator import _construct_instances
    from sklearn.utils.estimator_checks import _enforce_estimator_tags_X, _enforce_estimator_tags_y

    plain, target = make_blobs(n_samples=60, centers=3, random_state=0, n_features=4)
    plain = plain - plain.min(0) + 0.1
    for name, kind in all_estimators():
        if name in WITHOUT_FIT_OF_THEIR_OWN:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                instances = list(_construct_instances(kind))
        except SkipTest:
            continue
        for index, estimator in enumerate(instances):
            if "random_state" in estimator.get_params():
                estimator.set_params(random_state=0)
            x = _enforce_estimator_tags_X(estimator, plain)
            x = ["a bc d e", "ff gg a b"] * 30 if "Vectorizer" in name else x
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                estimator.fit(x, _enforce_estimator_tags_y(estimator, target))
            yield f"{name}-{index}", estimator, x


def digests() -> dict[str, str]:
    from mlops_nb.adapters.skops_files import dump

    found = {}
    for name, estimator, _ in fitted():
        # A search keeps how long its fits took: another fit is another model.
        if name.partition("-")[0] not in NOT_SAVED and not hasattr(estimator, "cv_results_"):
            found[name] = hashlib.sha256(dump(estimator)).hexdigest()
    return found


def sets() -> str:
    from sklearn.feature_extraction.text import TfidfVectorizer

    from mlops_nb.adapters.skops_files import dump

    words = {"the", "a", "of", "and", "is", "to"}
    model = TfidfVectorizer(stop_words=sorted(words)).fit(["a bc d e", "the ff"])
    model.note = words
    return hashlib.sha256(dump(model)).hexdigest()


if __name__ == "__main__":
    import json

    np.seterr(all="ignore")
    print(json.dumps({**digests(), "sets": sets()}))

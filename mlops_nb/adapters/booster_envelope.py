"""The file around a booster's own file: a zip of two stored members, and a closed set of values about the model."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from typing import Any

ABOUT = "about.json"
FILES = {"xgboost": "model.ubj", "lightgbm": "model.txt"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LABELS = re.compile(r"[<>|=][biuf][1248]|<U\d{1,4}|\|O")


def write(about: Mapping[str, Any], file: bytes) -> bytes:
    """The envelope: the same for the same content."""
    text = json.dumps(about, sort_keys=True, ensure_ascii=False, allow_nan=False)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in ((ABOUT, text.encode()), (FILES[about["library"]], file)):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return target.getvalue()


def read(data: bytes, library: str) -> tuple[dict[str, Any], bytes]:
    """What is said about the model, and the library's own file.

    Raises:
        ValueError: Not exactly these two members, or one that is compressed: a small file may unpack to any size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if [one.filename for one in members] != [ABOUT, FILES[library]]:
                raise ValueError("other members than a model has")
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                raise ValueError("a member is compressed")
            if sum(one.file_size for one in members) > len(data):
                raise ValueError("members are larger than the file")
            about, file = (archive.read(one) for one in members)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(str(error)) from error
    found = json.loads(about)
    if not isinstance(found, dict):
        raise ValueError(f"{ABOUT} is no object")
    return found, file


def is_plain(value: Any) -> bool:
    """Whether `encoded` has a word for a value: nothing but numbers and texts in lists, tuples and dicts."""
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    return value is None or isinstance(value, str | int | float)


def encoded(value: Any) -> Any:
    """A plain value as strict JSON.

    NaN is `{"float": "nan"}`, a tuple `{"tuple": […]}`, a dict `{"dict": [[key, value], …]}`: the objects of JSON have
    texts as keys only, but weights of classes have numbers.
    """
    if isinstance(value, dict):
        return {"dict": [[encoded(key), encoded(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [encoded(item) for item in value]}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return {"float": str(value)} if isinstance(value, float) and not math.isfinite(value) else value


def decoded(value: Any) -> Any:
    """What `encoded` was given.

    Raises:
        ValueError: It was not made by `encoded`.
    """
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((word, inner),) = value.items()
    if word == "tuple":
        return tuple(decoded(item) for item in inner)
    if word == "dict":
        return {decoded(key): decoded(item) for key, item in inner}
    if word != "float":
        raise ValueError(f"no such value: {word[:40]!r}")
    return float(inner)


def labels(classes: Any) -> dict[str, Any]:
    """The labels of classes, an array, with its type.

    Raises:
        ValueError: Labels that JSON has no word for.
    """
    dtype, values = classes.dtype.str, classes.tolist()
    if not _LABELS.fullmatch(dtype) or not all(isinstance(value, str | int | float) for value in values):
        raise ValueError("labels that JSON has no word for")
    return {"dtype": dtype, "values": encoded(values)}


def classes(saved: Mapping[str, Any]) -> Any:
    """The array that `labels` was given.

    Raises:
        ValueError: A type that no labels have.
    """
    import numpy as np

    if not _LABELS.fullmatch(saved["dtype"]):
        raise ValueError(f"labels of type {saved['dtype'][:40]!r}")
    values = decoded(saved["values"])
    if not all(isinstance(value, str | int | float) for value in values):
        raise ValueError("labels that are no labels")
    found = np.empty(len(values), saved["dtype"])
    found[:] = values
    return found

"""The one door to models as files: which format a model gets, and what may be opened.

skops comes first, XGBoost and LightGBM have formats of their own: none of these runs code that nobody named. Only
cloudpickle does, for who allows it. A file is opened as the format that its version's row names, and as nothing else.
"""

from __future__ import annotations

import importlib
import io
import platform
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_nb.adapters import booster_envelope, booster_files, cloudpickle_files, skops_files
from mlops_nb.adapters.skops_repack import SCHEMA
from mlops_nb.errors import Corrupt, Refused

SKOPS = skops_files.FORMAT
PICKLED = frozenset({cloudpickle_files.FORMAT})
# Each format, and what the Open Inference Protocol calls it: library and kind of file.
PLATFORMS = {
    SKOPS: "sklearn_skops",
    "xgboost/1": "xgboost_ubj",
    "lightgbm/1": "lightgbm_txt",
    cloudpickle_files.FORMAT: "python_cloudpickle",
}
# What a file may unpack to: as many times its size, and so many bytes more.
_RATIO, _SMALL = 50, 50_000_000
_ALLOW = "--allow-pickle (allow_pickle=True) saves it with cloudpickle, which can run any code when loaded"


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A model as bytes, and the format that says how to open them."""

    data: bytes
    format: str


def is_pickle(format_: str) -> bool:
    """Whether opening a file of this format runs code that is in it."""
    return format_ in PICKLED


def answering(model: Any) -> Any:
    """What answers rows as they come: a bare booster in an envelope of ours, any other model as it is."""
    return booster_files.answering(model)


def dump(model: Any, allow_pickle: bool = False, trusted: Sequence[str] = ()) -> SavedModel:
    """A fitted model as bytes: in its library's own format, else by skops, else, when allowed, by cloudpickle.

    Args:
        model: The model.
        allow_pickle: Whether cloudpickle may save what skops can't, or could only with types that nobody vouched for.
        trusted: Types that the caller vouches for.

    Raises:
        Refused: It can't be saved; names the way out.
    """
    own = booster_files.dump(model)
    if own is not None:
        return SavedModel(*own)
    try:
        data = skops_files.dump(model)
    except Refused as error:
        if not allow_pickle:
            raise Refused(error.what, expected=error.expected, fix=_ALLOW) from error
        return SavedModel(cloudpickle_files.dump(model), cloudpickle_files.FORMAT)
    if allow_pickle and set(skops_files.untrusted(data)) - set(trusted):
        return SavedModel(cloudpickle_files.dump(model), cloudpickle_files.FORMAT)
    return SavedModel(data, SKOPS)


def untrusted(data: bytes, format_: str) -> list[str]:
    """The types in a model file that somebody has to vouch for, sorted. Those of a pickle can't be known: none.

    Raises:
        Refused: The file is of another format than it should be.
        Corrupt: A damaged file.
    """
    _refuse_other(data, format_)
    return skops_files.untrusted(data) if format_ == SKOPS else []


def refuse_untrusted(found: Sequence[str], trusted: Sequence[str], *, saving: bool = False) -> None:
    """Raise when a type in `found` is not named in `trusted`; when `saving`, a pickle is another way out.

    Raises:
        Refused: Lists the types and how to vouch for them.
    """
    try:
        skops_files.refuse_untrusted(found, trusted)
    except Refused as error:
        if not saving:
            raise
        raise Refused(error.what, expected=error.expected, fix=f"{error.fix}; or {_ALLOW}") from error


def load(data: bytes, format_: str, trusted: Sequence[str] = (), allow_pickle: bool = False) -> Any:
    """The model in a file.

    Args:
        data: The file.
        format_: The format that was recorded when it was saved.
        trusted: Types that the caller vouches for.
        allow_pickle: Whether a pickle may be opened, which runs any code in it.

    Raises:
        Refused: Another format than recorded, a pickle, types that nobody vouched for, or code that is not here.
        Corrupt: A damaged file.
    """
    _refuse_other(data, format_)
    if is_pickle(format_):
        if not allow_pickle:
            raise Refused(
                "the model is a pickle: loading it runs any code that is in it, so it was not opened",
                expected="an explicit yes",
                fix="allow_pickle=True",
            )
        return cloudpickle_files.load(data)
    if format_ in booster_files.FORMATS:
        return booster_files.load(data, format_)
    return skops_files.load(data, trusted)


def framework_versions(format_: str, model: Any = None) -> dict[str, str]:
    """Versions of the libraries that a model in this format depends on, and of Python for a pickle.

    Args:
        format_: The format.
        model: The model, for the library of its class.
    """
    from importlib.metadata import version

    if format_ == SKOPS:
        return skops_files.framework_versions()
    found = {name: version(name) for name in ("scikit-learn", "numpy", "scipy")}
    if not is_pickle(format_):
        library = booster_files.FORMATS[format_]
        return {library: importlib.import_module(library).__version__, **found}
    found |= {"cloudpickle": version("cloudpickle"), "python": platform.python_version()}
    library = type(model).__module__.partition(".")[0]
    number = getattr(sys.modules.get(library), "__version__", None)
    return found if library == "sklearn" or not isinstance(number, str) else {library: number, **found}


def _refuse_other(data: bytes, format_: str) -> None:
    """Raise unless the file is of the format that its row names, and no small file that unpacks to a huge one."""
    if format_ not in PLATFORMS:
        raise Refused(
            f"the model has format {format_!r}",
            expected=f"one of {', '.join(PLATFORMS)}",
            fix="a version of mlops_nb that knows it",
        )
    if data.startswith(cloudpickle_files.HEADER):
        found = cloudpickle_files.FORMAT
    else:
        found = _zipped(data) if data.startswith(b"PK") else ""
    if found and found != format_:
        raise Refused(
            f"the registry says {format_}, the model file is {found}: it was not opened",
            expected=format_,
            fix="register the model again",
        )
    if not found and skops_files.looks_like_pickle(data):
        raise Refused(
            "the file is a pickle: loading it could run any code, so it was not opened",
            expected=f"a file of format {format_}",
            fix="fit the model again and register it",
        )
    if not found and format_ != SKOPS:
        raise Corrupt(f"the model file is damaged: it is no file of format {format_}", fix="register the model again")


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {one.filename: one.file_size for one in archive.infolist()}
    except Exception as error:
        # A hostile file can make the parser raise anything.
        raise Corrupt(f"the model file is damaged: {type(error).__name__}", fix="register the model again") from error
    if sum(members.values()) > _RATIO * len(data) + _SMALL:
        raise Corrupt(
            "the model file is damaged: it would unpack to far more than it is", fix="register the model again"
        )
    if SCHEMA in members:
        return SKOPS
    return next((f"{library}/1" for library, name in booster_envelope.FILES.items() if name in members), "")

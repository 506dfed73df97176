"""Small writes that belong to a run, as functions of a connection inside the writer's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, brief
from mlops_nb.runs import queries
from mlops_nb.runs.model import Scalar
from mlops_nb.store import names
from mlops_nb.store.artifacts import digest
from mlops_nb.store.ids import now_us
from mlops_nb.store.masking import mask, mask_value

if TYPE_CHECKING:
    import sqlite3

TEXT_LIMIT = 4_000


def key_id(connection: sqlite3.Connection, name: str) -> int:
    """The number under which a param, metric or tag key is kept."""
    row = connection.execute(queries.KEY_ID, (name,)).fetchone()
    return int((row or connection.execute(queries.KEY_ADD, (name,)).fetchone())[0])


def put_text(connection: sqlite3.Connection, body: str) -> str:
    """Keep a text that was masked already, once, and return its digest."""
    name = digest(body.encode("utf-8", "surrogatepass"))
    connection.execute(queries.TEXT_ADD, (name, clean(body)))
    return name


def clean(text: str) -> str:
    """`text` as every database can hold it: without NULs and halves of characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def masked(text: str) -> str:
    """A free text as it is kept: masked, cut, clean."""
    # Cut twice: masking a megabyte takes long, and a cut through a secret would hide it from the masking.
    return clean(mask(text[: 10 * TEXT_LIMIT])[:TEXT_LIMIT])


def storable(value: object, what: str) -> tuple[str, float | None]:
    """A param's text and, when it is a number or a bool, its number.

    Raises:
        InvalidInput: Longer than 4,000 characters (such a thing is an artifact), or it has no text.
    """
    if getattr(value, "ndim", None) == 0 and not isinstance(value, Real):
        value = value.item()  # type: ignore[attr-defined]  # NumPy's bool, an array or a tensor of one number
    text = _text(value, what)
    if len(text) > TEXT_LIMIT:
        raise InvalidInput(
            f"{what} has {len(text):,} characters",
            expected=f"at most {TEXT_LIMIT:,}",
            fix="ml.log_artifact for long texts",
        )
    return clean(text), _number(value)


def _text(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    try:
        # `repr` of a float is exact; NumPy's says `np.float64(…)` around it.
        return repr(value) if type(value) is float else str(value)
    except Exception as error:  # noqa: BLE001 (a stranger's __str__ may raise anything)
        raise InvalidInput(f"{what} can't be written as text: {type(error).__name__}: {error}") from None


def _number(value: object) -> float | None:
    """The number that a value is; None for all else, NaN, and ints beyond a double, which stay text."""
    if isinstance(value, str) or not isinstance(value, Real | Decimal):
        return None
    try:
        # Through its text, a float32 of 0.1 is 0.1 and not 0.10000000149011612.
        found = float(str(value) if type(value).__module__ == "numpy" else value)
    except (OverflowError, ValueError):
        return None
    return found if found == found else None


def from_stored(text: str, stored: float | None) -> Scalar:
    """The param that was stored."""
    if text in ("True", "False") and stored is not None:
        return text == "True"
    if text == "None":
        return None
    if stored is None:
        return text if text != "nan" else float("nan")
    try:
        return int(text)
    except ValueError:
        return stored


def check_params(params: Mapping[str, object]) -> list[tuple[str, str, float | None]]:
    """Params as (key, masked text, number), all checked before the first is written.

    Raises:
        InvalidInput: A key or a value is not allowed.
    """
    checked = []
    for name, value in params.items():
        key = names.key(name, "param")
        text, as_number = storable(value, f"param {brief(key)}")
        masked = mask_value(key, text) if as_number is None else text
        checked.append((key, masked, as_number))
    return checked


def put_params(
    connection: sqlite3.Connection, run: int, checked: Iterable[tuple[str, str, float | None]], source: str
) -> None:
    """Write checked params of a run."""
    for key, text, as_number in checked:
        connection.execute(queries.PARAM_PUT, (run, key_id(connection, key), text, as_number, source))


def check_tags(tags: Mapping[str, object]) -> list[tuple[str, str]]:
    """Tags as (key, masked text), all checked before the first is written."""
    checked = []
    for name, value in tags.items():
        key = names.key(name, "tag")
        checked.append((key, mask_value(key, storable(value, f"tag {brief(key)}")[0])))
    return checked


def put_tags(connection: sqlite3.Connection, run: int, checked: Iterable[tuple[str, str]]) -> None:
    """Write checked tags of a run."""
    for key, text in checked:
        connection.execute(queries.TAG_PUT, (run, key_id(connection, key), text))


def put_artifact(
    connection: sqlite3.Connection,
    run: int,
    name: str,
    kind: str,
    artifact: str,
    size: int,
    detail: Mapping[str, object],
) -> None:
    """Write that a run has an artifact."""
    connection.execute(queries.ARTIFACT_ADD, (artifact, size, now_us()))
    connection.execute(queries.RUN_ARTIFACT_PUT, (run, name, kind, artifact, json.dumps(detail, default=str)))


def put_problem(connection: sqlite3.Connection, run: int, what: str) -> None:
    """Record something that went wrong inside capture."""
    connection.execute(queries.PROBLEM_ADD, (run, now_us(), masked(what), run))

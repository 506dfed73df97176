"""References to a version, `name` (its newest) or `name/3`, and the versions that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest, quoted
from mlops_nb.registry import queries
from mlops_nb.registry.model import Model, Version

_KINDS = "a model's name or NAME/NUMBER"


class Reader(Protocol):
    """Whatever runs a SELECT: the store."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""


def resolve_version(reader: Reader, ref: str) -> Version:
    """The version that a reference names: `name` (its newest) or `name/3`.

    Raises:
        NotFound: No such model or version.
        InvalidInput: Not a reference.
    """
    text = str(ref).strip()
    if "@" in text:
        name, _, stage = text.partition("@")
        _refuse_unknown(reader, name)
        raise NotFound(f"no version of {name!r} is in {brief(stage)}", expected=_KINDS, fix=f"{name}/1")
    name, slash, number = text.rpartition("/") if "/" in text else (text, "", "")
    name = name.strip()
    if slash and not re.fullmatch(r"[0-9]{1,9}", number):
        raise InvalidInput(f"{brief(text)} is not a reference to a version", expected=_KINDS)
    sql, values = (queries.VERSION, (name, int(number))) if slash else (queries.LATEST, (name,))
    rows = reader.query(sql, values)
    if not rows:
        _refuse_unknown(reader, name)
        raise _no_version(reader, name, number)
    return _version(reader, rows[0])


def versions_of(reader: Reader, name: str) -> list[Version]:
    """All versions of a model, newest first.

    Raises:
        NotFound: No such model.
    """
    name = str(name).strip()
    rows = reader.query(queries.VERSIONS, (name,))
    if not rows:
        _refuse_unknown(reader, name)
    return [_version(reader, row) for row in rows]


def all_models(reader: Reader) -> list[Model]:
    """All models, the one with the newest version first."""
    newest = {row[0]: _version(reader, row) for row in reader.query(queries.LATEST_OF_ALL)}
    found = [_model(row, newest.get(row[0])) for row in reader.query(queries.MODELS)]
    return sorted(found, key=lambda model: (-model.latest_us, model.name))


def _model(row: tuple[Any, ...], newest: Version | None) -> Model:
    if newest is None:
        return Model(row[0], row[2], 0, "", None, 0, row[1], row[1])
    return Model(row[0], row[2], newest.version, newest.estimator, newest.run, newest.bytes, row[1], newest.created_us)


def _version(reader: Reader, row: tuple[Any, ...]) -> Version:
    signature = json.loads(row[6])
    trained_on = reader.query(queries.TRAINED_ON, (row[2],)) if row[2] else []
    return Version(
        model=row[0],
        version=row[1],
        run=row[2],
        artifact=row[3],
        bytes=row[4],
        format=row[5],
        estimator=signature.get("estimator", ""),
        signature=signature,
        example=row[7],
        trusted=tuple(json.loads(row[8])),
        framework=json.loads(row[9]),
        note=row[10],
        actor=row[11],
        created_us=row[12],
        datasets=tuple(digest for (digest,) in trained_on),
        model_id=row[13],
    )


def _refuse_unknown(reader: Reader, name: str) -> None:
    names = [row[0] for row in reader.query(queries.MODEL_NAMES)]
    if name not in names:
        fix = "%models" if names else "%register NAME MODEL"
        raise NotFound(f"no model {brief(name)}", expected=_KINDS, nearest=nearest(name, names), fix=fix)


def _no_version(reader: Reader, name: str, number: str) -> NotFound:
    identity = reader.query(queries.MODEL, (name,))[0][0]
    found = [str(row[0]) for row in reader.query(queries.NUMBERS, (identity,))]
    if not found:
        return NotFound(f"the model {name!r} has no version", fix=f"%register {quoted(name)} MODEL")
    some = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
    return NotFound(f"{name!r} has no version {int(number)}", expected=f"one of {some}", fix=f"{name}/{found[0]}")

"""References to a version, `name` (its newest), `name/3`, `name@production` or `name@ALIAS`, and what they name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from mlops_nb.errors import InvalidInput, NotFound, brief, nearest, quoted
from mlops_nb.registry import queries
from mlops_nb.registry.model import Model, Version, mark_of

_KINDS = "a model's name, NAME/NUMBER, NAME@STAGE or NAME@ALIAS"
STAGES = ("none", "staging", "production", "archived")
CHAMPION = "champion"  # what people call the version in production


class Reader(Protocol):
    """Whatever runs a SELECT: the store."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""


def resolve_version(reader: Reader, ref: str) -> Version:
    """The version that a reference names: `name` (its newest), `name/3`, `name@production`, `name@ALIAS`.

    Raises:
        NotFound: No such model, version or alias, or nothing in that stage.
        InvalidInput: Not a reference, or a stage that several versions are in.
    """
    text = str(ref).strip()
    if "@" in text:
        name, _, movable = text.partition("@")
        return _movable(reader, name.strip(), movable.strip())
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


def _movable(reader: Reader, name: str, movable: str) -> Version:
    """The version that a stage or an alias points to now."""
    stage = "production" if movable == CHAMPION else movable
    in_stage = stage in STAGES
    rows = reader.query(*((queries.IN_STAGE, (name, stage)) if in_stage else (queries.ALIASED, (name, movable))))
    if len(rows) == 1:
        return _version(reader, rows[0])
    _refuse_unknown(reader, name)
    if rows:
        some = ", ".join(f"{name}/{row[1]}" for row in rows[:5])
        raise InvalidInput(f"{len(rows)} versions of {name!r} are in {stage}", expected="one of them", fix=some)
    aliases = [row[0] for row in reader.query(queries.ALIASES, (name,))]
    if in_stage:
        raise NotFound(f"no version of {name!r} is in {stage}", fix=f"%versions {quoted(name)}")
    known = [*STAGES, CHAMPION, *aliases]
    raise NotFound(
        f"{name!r} has no alias {brief(movable)}",
        expected=", ".join(known[1:]),
        nearest=nearest(movable, known),
        fix=f"%pin {quoted(f'{name}/1')} {quoted(movable)}" if not aliases else "",
    )


def model_row(reader: Reader, name: str) -> tuple[int, str]:
    """The row and the name of a model.

    Raises:
        NotFound: No such model.
    """
    name = str(name).strip()
    rows = reader.query(queries.MODEL, (name,))
    if not rows or rows[0][1] is not None:
        _refuse_unknown(reader, name)
    return rows[0][0], name


def champion_of(reader: Reader, name: str) -> Version | None:
    """The version in production, or None."""
    rows = reader.query(queries.IN_STAGE, (name, "production"))
    return _version(reader, rows[0]) if rows else None


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
    champions = {row[0]: _version(reader, row) for row in reader.query(queries.CHAMPIONS)}
    found = [_model(row, newest.get(row[0]), champions.get(row[0])) for row in reader.query(queries.MODELS)]
    return sorted(found, key=lambda model: (-model.latest_us, model.name))


def _model(row: tuple[Any, ...], newest: Version | None, champion: Version | None) -> Model:
    if newest is None:
        return Model(row[0], row[2], 0, "", None, 0, row[1], row[1])
    known = (row[0], row[2], newest.version, newest.estimator, newest.run, newest.bytes, row[1], newest.created_us)
    return Model(*known) if champion is None else Model(*known, champion.version, champion.since_us, champion.mark)


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
        verified=row[14],
        stage=row[15],
        since_us=row[16],
        how=row[17] or "" if row[15] != "none" else "",
        aliases=tuple(row[18].split("/")) if row[18] else (),
        mark=mark_of(row[15], row[19] or ""),
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

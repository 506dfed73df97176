"""One page at a time of what may be many: models, the versions of one as they stood at a moment, and its moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.registry.gates.model import GateCheck
from mlops_nb.registry.gates.reading import results_of
from mlops_nb.registry.model import mark_of
from mlops_nb.registry.queries import LET_IN
from mlops_nb.registry.stages.model import Standing, Transition
from mlops_nb.store.reasons import ERASED

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

NOW = 2**62
# What a page of models can be narrowed to.
SHOWS = ("", "production", "marked", "waiting")
_STANDS = "EXISTS (SELECT 1 FROM placement p WHERE p.model = m.id AND {})"
_NARROWED = {
    "production": _STANDS.format("p.stage = 'production'"),
    "marked": _STANDS.format(f"p.stage IN ('staging', 'production') AND {LET_IN} IN ('ungated', 'overridden')"),
}
_NAMES = """
SELECT m.name FROM model m LEFT JOIN version v ON v.model = m.id AND v.trashed_us IS NULL
WHERE m.trashed_us IS NULL AND lower(m.name) LIKE ? ESCAPE '!'{}
GROUP BY m.id, m.name, m.created_us ORDER BY coalesce(max(v.created_us), m.created_us) DESC, m.name LIMIT ? OFFSET ?"""
_COUNT = "SELECT count(*) FROM model m WHERE m.trashed_us IS NULL AND lower(m.name) LIKE ? ESCAPE '!'{}"
_FACTS = """
SELECT (SELECT count(*) FROM version v WHERE v.model = m.id AND v.trashed_us IS NULL),
  (SELECT max(v.number) FROM version v WHERE v.model = m.id AND v.trashed_us IS NULL),
  (SELECT p.number FROM placement p WHERE p.model = m.id AND p.stage = 'production')
FROM model m WHERE m.name = ?"""
_NEWEST = """
SELECT m.name, v.number FROM version v JOIN model m ON m.id = v.model
WHERE v.trashed_us IS NULL AND m.trashed_us IS NULL ORDER BY v.created_us DESC, v.number DESC LIMIT 1"""
_STAGING = """
SELECT p.number FROM placement p JOIN model m ON m.id = p.model WHERE m.name = ? AND p.stage = 'staging'
ORDER BY p.number DESC"""
# A version that was trashed since stood there then: the history says so.
_STOOD = """
SELECT v.number, t.after, t.how, r.body, t.actor, t.verified, t.at_us,
  (SELECT e.how FROM transition e WHERE e.id = (SELECT max(u.id) FROM transition u WHERE u.model = v.model
    AND u.number = v.number AND u.alias = '' AND u.after = t.after AND u.how <> 'rollback' AND u.at_us <= ?))
FROM version v
LEFT JOIN transition t ON t.id = (SELECT max(u.id) FROM transition u
  WHERE u.model = v.model AND u.number = v.number AND u.alias = '' AND u.at_us <= ?)
LEFT JOIN reason r ON r.digest = t.reason
WHERE v.model = ? AND v.created_us <= ? AND (v.trashed_us IS NULL OR 1 = ?)"""
_PAGE = f"{_STOOD} AND v.number < ? ORDER BY v.number DESC LIMIT ?"
_CHAMPION = f"{_STOOD} AND t.after = 'production' ORDER BY t.id DESC LIMIT 1"
_ALIASES = """
SELECT t.alias, t.after FROM transition t WHERE t.model = ? AND t.alias <> '' AND t.after <> '' AND t.id =
  (SELECT max(u.id) FROM transition u WHERE u.model = t.model AND u.alias = t.alias AND u.at_us <= ?)
ORDER BY t.alias LIMIT 500"""
_MOVES = """
SELECT t.id, m.name, t.number, t.alias, t.before, t.after, t.how, r.body, t.actor, t.verified, t.at_us, t.checked,
  (SELECT count(*) FROM gate_result g WHERE g.checked = t.checked),
  (SELECT count(*) FROM gate_result g WHERE g.checked = t.checked AND g.verdict = 'pass'),
  coalesce((SELECT c.number FROM gate_check c WHERE c.ulid = t.checked), 0)
FROM transition t JOIN model m ON m.id = t.model LEFT JOIN reason r ON r.digest = t.reason
WHERE t.model = ? AND t.at_us <= ? AND t.id < ?{} ORDER BY t.id DESC LIMIT ?"""
_CHECK = """
SELECT c.ulid, m.name, c.number, c.stage, d.revision, c.champion, c.verdict, c.digest, c.actor, c.verified, c.at_us
FROM gate_check c JOIN model m ON m.id = c.model LEFT JOIN document d ON d.id = c.policy WHERE c.ulid = ?"""
_MOST_STAGING = 3


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model among others.

    Attributes:
        name: Its name.
        versions: How many it has.
        latest: The number of the newest; None: it has none.
        production: The number in production; None: nobody.
        staging: The newest numbers in staging; `staged` of all.
    """

    name: str
    versions: int
    latest: int | None
    production: int | None
    staging: tuple[int, ...]
    staged: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A move, and how many of the gates that were asked for it passed.

    `judged` is the number of the version that they were asked for: whoever was replaced has its successor's gates.
    """

    id: int
    move: Transition
    asked: int
    passed: int
    judged: int


def models_page(
    store: Store, find: str, show: str, names: Sequence[str], *, limit: int, offset: int
) -> tuple[list[ModelRow], int]:
    """A page of models, the one with the newest version first, and how many match.

    Args:
        store: Where to look.
        find: What stands in the name; empty: anything.
        show: One of `SHOWS`.
        names: With 'waiting': those whose versions wait.
        limit: How many.
        offset: How many to leave out before.
    """
    if not store.exists:
        return [], 0
    escaped = "".join(f"!{c}" if c in "!%_" else c for c in find.strip().lower())
    more, values = f" AND {_NARROWED[show]}" if show in _NARROWED else "", [f"%{escaped}%"]
    if show == "waiting":
        marks = ", ".join("?" * len(names))
        more, values = f" AND m.name IN ({marks})", [*values, *names]
    found = store.query(_NAMES.format(more), (*values, limit, offset))
    total = store.query(_COUNT.format(more), values)[0][0]
    return [_model(store, name) for (name,) in found], int(total)


def newest_version(store: Store) -> str:
    """The version that was registered last, by its reference; empty: there is none."""
    rows = store.query(_NEWEST) if store.exists else []
    return f"{rows[0][0]}/{rows[0][1]}" if rows else ""


def _model(store: Store, name: str) -> ModelRow:
    versions, latest, production = store.query(_FACTS, (name,))[0]
    staging = [number for (number,) in store.query(_STAGING, (name,))]
    return ModelRow(name, versions, latest, production, tuple(staging[:_MOST_STAGING]), len(staging))


def standings_page(
    store: Store, name: str, model: int, at_us: int = NOW, *, before: int = NOW, limit: int = 25
) -> tuple[Standing, ...]:
    """Where versions of a model stood at a moment, the newest first.

    Args:
        store: Where to look.
        name: The model's name, `model` its row.
        model: See `name`.
        at_us: The moment, microseconds UTC.
        before: Only versions of a smaller number.
        limit: How many.
    """
    rows = store.query(_PAGE, (*_stood(model, at_us), before, limit))
    aliases = aliases_at(store, model, at_us)
    return tuple(_standing(name, row, aliases) for row in rows)


def champion_at(store: Store, name: str, model: int, at_us: int = NOW) -> Standing | None:
    """The version in production at a moment; None: nobody."""
    rows = store.query(_CHAMPION, _stood(model, at_us))
    return _standing(name, rows[0], aliases_at(store, model, at_us)) if rows else None


def aliases_at(store: Store, model: int, at_us: int = NOW) -> dict[str, int]:
    """Which version each alias pointed to at a moment."""
    return {alias: int(number) for alias, number in store.query(_ALIASES, (model, at_us))}


def moves_page(
    store: Store, model: int, at_us: int = NOW, *, number: int | None = None, before: int = NOW, limit: int = 25
) -> tuple[Moved, ...]:
    """Moves until a moment, the newest first: of a model, or of one version of it.

    Args:
        store: Where to look.
        model: The model's row.
        at_us: The moment, microseconds UTC.
        number: The version; None: all of them.
        before: Only moves of a smaller id, as `Moved` has it.
        limit: How many.
    """
    one, values = (" AND t.number = ?", (number,)) if number is not None else ("", ())
    return tuple(_moved(row) for row in store.query(_MOVES.format(one), (model, at_us, before, *values, limit)))


def gate_check(store: Store, identity: str) -> GateCheck | None:
    """One run of the gates by its ULID; None: there is none."""
    rows = store.query(_CHECK, (identity,))
    if not rows:
        return None
    *about, verdict, digest, actor, verified, at_us = rows[0]
    ulid, model, number, stage, revision, champion = about
    found = (ulid, model, number, stage, revision, champion, verdict, results_of(store, identity))
    return GateCheck(*found, digest, actor, verified, at_us)


def _stood(model: int, at_us: int) -> tuple[int, ...]:
    return at_us, at_us, model, at_us, int(at_us != NOW)


def _standing(name: str, row: tuple[Any, ...], aliases: dict[str, int]) -> Standing:
    number, stage, how, why, actor, verified, at_us, let_in = row
    named = tuple(alias for alias, at in aliases.items() if at == number)
    if stage is None:
        return Standing(name, number, "none", None, "", "", "", "", named)
    told = (at_us, how if stage != "none" else "", actor, verified, ERASED if why is None else why)
    return Standing(name, number, stage, *told, named, mark_of(stage, let_in or ""))


def _moved(row: tuple[Any, ...]) -> Moved:
    identity, model, number, alias, before, after, how, why, actor, verified, at_us, checked, asked, passed, judged = (
        row
    )
    about = (model, number, alias, before, after, how, ERASED if why is None else why)
    return Moved(identity, Transition(*about, actor, verified, at_us, checked), asked, passed, judged)

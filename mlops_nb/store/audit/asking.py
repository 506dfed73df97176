"""Questions to the audit log as SQL: what about, by whom, what was done, between which moments, from where on.

A page is found along an index that is in the order of the rows, however long the log is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_nb import references
from mlops_nb.errors import NotFound, brief, nearest
from mlops_nb.store import moments
from mlops_nb.store.audit.matching import Source, concerning

if TYPE_CHECKING:
    from datetime import tzinfo

    from mlops_nb.store.store import Store

# More rows that match are not counted.
COUNTED = 10_000
# Each once, by going along the index from one to the next.
_EACH = """
WITH RECURSIVE each_one(word) AS (SELECT min({0}) FROM audit UNION ALL
  SELECT (SELECT min({0}) FROM audit WHERE {0} > word) FROM each_one WHERE word IS NOT NULL)
SELECT word FROM each_one WHERE word IS NOT NULL LIMIT 500"""


class Question(NamedTuple):
    """Which rows.

    Attributes:
        sources: Where they are; none: anywhere.
        actor: Who did it: 'person:ada'; empty: anybody.
        action: What was done; empty: anything.
        first_us: Not before this moment, microseconds UTC; None: ever.
        after_us: Before this moment; None: until now.
        rows: The first and the last row that can be between these moments; None: there is none.
        kinds: What kinds of things have the name that was asked for.
    """

    sources: tuple[Source, ...] = (Source(),)
    actor: str = ""
    action: str = ""
    first_us: int | None = None
    after_us: int | None = None
    rows: tuple[int, int] | None = (0, 2**62)
    kinds: tuple[str, ...] = ()

    @property
    def all(self) -> bool:
        """Whether every row is asked for."""
        return self == Question()


def question(
    store: Store,
    about: str = "",
    kind: str = "",
    by: str = "",
    did: str = "",
    since: str = "",
    until: str = "",
    zone: tzinfo | None = None,
) -> Question:
    """A question in people's words.

    Raises:
        NotFound: Nothing, nobody or no action is known by that name.
        InvalidInput: There is no such kind of thing, or no such moment.
    """
    asked = Question()
    if not begun(store):
        return asked
    if about.strip():
        found = concerning(store, about, kind)
        asked = asked._replace(sources=found.sources, kinds=found.kinds)
    if by.strip():
        asked = asked._replace(actor=_actor(store, by.strip()))
    if did.strip():
        asked = asked._replace(action=_action(store, did.strip()))
    if since.strip():
        asked = asked._replace(first_us=moments.span(since, zone).first)
    if until.strip():
        asked = asked._replace(after_us=moments.span(until, zone).after)
    return asked if asked.first_us is None and asked.after_us is None else asked._replace(rows=_between(store, asked))


def begun(store: Store) -> bool:
    """Whether there is a log, also when this process has only just begun it."""
    with store.reading():
        return store.exists


def actors(store: Store) -> list[str]:
    """Everybody who ever did something, as the log writes them; at most 500."""
    return [str(word) for (word,) in rows(store, _EACH.format("actor"))] if begun(store) else []


def actions(store: Store) -> list[str]:
    """Everything that was ever done; at most 500."""
    return [str(word) for (word,) in rows(store, _EACH.format("action"))] if begun(store) else []


def actor_names(store: Store, prefix: str) -> list[str]:
    """Whoever did something and is called so; people without their kind."""
    names = [one.removeprefix("person:") for one in actors(store)]
    return [name for name in names if name.lower().startswith(prefix.lower())]


def action_names(store: Store, prefix: str) -> list[str]:
    """What was ever done that begins so."""
    return [name for name in actions(store) if name.startswith(prefix.lower())]


def concerned_names(store: Store, prefix: str) -> list[str]:
    """Things and people that begin so."""
    return [*references.complete(store, "anything", prefix), *references.complete(store, "person", prefix)]


def rows(store: Store, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Rows of a query, also where somebody wrote bytes by force that are no text."""
    with store.reading() as connection:
        connection.text_factory = _text
        try:
            with closing(connection.execute(sql, values)) as found:
                return found.fetchall()
        finally:
            connection.text_factory = str


def _text(found: bytes) -> str:
    return found.decode("utf-8", "replace")


def page_sql(asked: Question, limit: int, below: int | None, above: int | None) -> tuple[str, list[object]]:
    """The numbers of the newest rows that match, or those next above a row: one column, each once."""
    if asked.rows is None:
        return "SELECT 0 WHERE 1 = 0", []
    parts, values = list[str](), list[object]()
    for i, source in enumerate(asked.sources):
        sql, bound = _of(asked, source, below, above)
        way = "ASC" if above is not None else "DESC"
        parts.append(f"SELECT seq FROM ({sql} ORDER BY 1 {way} LIMIT ?) AS part{i}")
        values += [*bound, limit]
    return " UNION ".join(parts), values


def _of(asked: Question, source: Source, below: int | None, above: int | None) -> tuple[str, list[object]]:
    alone = not (asked.actor or asked.action or source.action) and asked.first_us is None and asked.after_us is None
    seq = "n.seq" if source.node else "a.seq"
    first, last = asked.rows or (0, 0)
    ends: list[tuple[str, object]] = [("n.node = ?", source.node)] if source.node else []
    ends += [("a.actor = ?", actor) for actor in (asked.actor, source.actor) if actor]
    ends += [("a.action = ?", action) for action in (asked.action, source.action) if action]
    # Such a row is about a name: others have a thing of that number.
    ends += [("a.subject = ?", source.node)] if source.action else []
    # The plus keeps the index on moments out of it: rows are wanted in their own order.
    ends += [("+a.time_us >= ?", asked.first_us)] if asked.first_us is not None else []
    ends += [("+a.time_us < ?", asked.after_us)] if asked.after_us is not None else []
    ends += [(f"{seq} >= ?", max(first, 0 if above is None else above + 1))]
    ends += [(f"{seq} <= ?", min(last, 2**62 if below is None else below - 1))]
    tables = "audit a" if not source.node else "audit_node n"
    tables += " JOIN audit a ON a.seq = n.seq" if source.node and not alone else ""
    return f"SELECT {seq} AS seq FROM {tables} WHERE {' AND '.join(c for c, _ in ends)}", [v for _, v in ends]


def _between(store: Store, asked: Question) -> tuple[int, int] | None:
    """The rows that can be between two moments: a clock may have gone back, so the moments are compared as well."""
    low, high = "SELECT min(seq) FROM audit WHERE time_us >= ?", "SELECT max(seq) FROM audit WHERE time_us < ?"
    first = store.query(low, (asked.first_us,))[0][0] if asked.first_us is not None else 0
    last = store.query(high, (asked.after_us,))[0][0] if asked.after_us is not None else 2**62
    return None if first is None or last is None else (int(first), int(last))


def _actor(store: Store, by: str) -> str:
    wanted = by if ":" in by else f"person:{by}"
    if store.query("SELECT 1 FROM audit WHERE actor = ? LIMIT 1", (wanted,)):
        return wanted
    known = actors(store)
    names = [one.removeprefix("person:") for one in known]
    if by in (bare := [name.partition(":")[2] for name in names]):
        return known[bare.index(by)]
    raise NotFound(f"nobody called {brief(by)} did anything here", nearest=nearest(by, names))


def _action(store: Store, did: str) -> str:
    if store.query("SELECT 1 FROM audit WHERE action = ? LIMIT 1", (did,)):
        return did
    known = actions(store)
    raise NotFound(f"nobody ever did {brief(did)} here", expected=", ".join(known), nearest=nearest(did, known))

"""Aliases: movable names for versions, `name@challenger`, with every move on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_nb.errors import InvalidInput, Refused, brief, quoted
from mlops_nb.registry.resolving import CHAMPION, STAGES
from mlops_nb.registry.stages import queries
from mlops_nb.registry.stages.history import move_at
from mlops_nb.registry.stages.moving import moment_text, one_version
from mlops_nb.store import names, reasons
from mlops_nb.store.actor import identify
from mlops_nb.store.ids import now_us

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.stages.model import Transition
    from mlops_nb.store.store import Store

_RESERVED = (*STAGES, CHAMPION, "latest")


def point(store: Store, ref: str, alias: str, reason: str, remove: bool) -> Transition:
    """Have an alias point to a version, or take it away from that version.

    Raises:
        NotFound: No such version.
        InvalidInput: Not an alias's name, one that the stages have, or the alias is not where it is taken from.
    """
    alias = names.name(alias, "alias")
    if alias.lower() in _RESERVED:
        fix = f"%stage {quoted(ref)} production --reason …" if alias.lower() in ("production", CHAMPION) else ""
        raise InvalidInput(f"{brief(alias)} is no alias to pin: it says where a version stands", fix=fix)
    version = one_version(store, ref)
    why = reasons.checked(reason, needed=False)
    who, model, number = identify(store.folder), version.model_id, version.version
    moved: dict[str, str] = {}

    def write(connection: sqlite3.Connection) -> int:
        row = connection.execute(queries.ALIAS_OF, (model, alias)).fetchone()
        before = str(row[0]) if row else ""
        _refuse(version.ref, alias, before, str(number), remove)
        if connection.execute(queries.IN_TRASH, (model, number)).fetchone():
            raise Refused(f"{version.ref} is in the trash", fix=f"%restore {quoted(version.ref)}")
        moment: int = max(now_us(), connection.execute(queries.LAST_US, (model,)).fetchone()[0] + 1)
        connection.execute(queries.RELEASE, (f"alias:{model}/{alias}",))
        if remove:
            connection.execute(queries.UNPOINT, (model, alias))
        else:
            connection.execute(queries.POINT, (model, alias, number, moment))
            connection.execute(queries.HOLD, (f"alias:{model}/{alias}", version.node))
        after = "" if remove else str(number)
        kept = (None, reasons.keep(connection, why), who.actor, who.verified, moment)
        connection.execute(queries.MOVE, (model, number, alias, before, after, "free", *kept))
        moved["at"] = moment_text(moment)
        return moment

    at = store.change(write, "unpin" if remove else "pin", version.node, why=why, alias=alias, added=moved)
    return move_at(store, version, at)


def _refuse(ref: str, alias: str, before: str, number: str, remove: bool) -> None:
    if remove and before != number:
        where = f"it is at {ref.rpartition('/')[0]}/{before}" if before else "nothing has it"
        raise InvalidInput(f"{ref} has no alias {brief(alias)}: {where}")
    if not remove and before == number:
        raise InvalidInput(f"{ref} has the alias {brief(alias)} already")

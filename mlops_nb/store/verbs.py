"""The verbs of the ground floor: the store itself, settings, and the trash for every noun."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg
from mlops_nb.store.store import choose, current

if TYPE_CHECKING:
    from mlops_nb.results import Results
    from mlops_nb.store.model import (
        Backup,
        Checked,
        Collected,
        Doctor,
        Migrated,
        Moved,
        Setting,
        Sql,
        StoreFacts,
    )
    from mlops_nb.store.store import Store

NOUNS = ("run", "experiment", "dataset", "model", "version", "deployment", "view")
_REFERENCE = Arg("what, like a run's id, `flights/3` or a name", kind="anything")
_KIND = Arg("what kind of thing, when the reference could be several", kind=NOUNS)


def store(path: str | os.PathLike[str] | None = None) -> Store:
    """The store that verbs use; with a path, use that one from now on.

    Args:
        path: A `.mlops` folder, or the folder that holds one. It need not exist yet.

    Returns:
        The store; `.db` is the same file as a `sqlite_utils.Database`.
    """
    return choose(path) if path is not None else current()


def connect(
    path: Annotated[str, Arg("a .mlops folder, or the folder that holds one", kind="file")],
) -> StoreFacts:
    """Use another store from now on in this process."""
    from mlops_nb.store.describe import facts

    return facts(choose(path))


def doctor() -> Doctor:
    """Look at everything that can go wrong: store, file system, versions, extras, audit."""
    from mlops_nb.store.describe import examine

    return examine(current())


def config() -> Results[Setting]:
    """Show each setting, its value and where that came from."""
    from mlops_nb.results import Results
    from mlops_nb.store.model import Setting
    from mlops_nb.store.settings import DEFAULTS, explain

    return Results([Setting(*explain(name)) for name in DEFAULTS])


def greeting() -> str:
    """The line that loading prints: version, store, project, counts."""
    from mlops_nb.store.describe import greeting_line

    return greeting_line(current())


def check() -> Checked:
    """Verify the store: database pages, foreign keys, every artifact's bytes, the audit chain."""
    from mlops_nb.store.maintenance import check_store

    return check_store(current())


def backup(
    target: Annotated[str, Arg("where to; by default backups/ in the store", kind="file", positional=True)] = "",
) -> Backup:
    """Copy the database while others write; artifacts are immutable and are copied by any file tool.

    Raises:
        InvalidInput: `target` exists.
    """
    from mlops_nb.store.maintenance import backup_store

    return backup_store(current(), target)


def gc(
    *,
    days: Annotated[int | None, Arg("purge what has been in the trash for so many days (default: trash_days)")] = None,
    dry: Annotated[bool, Arg("say what would go, and remove nothing")] = False,
) -> Collected:
    """Purge old trash, then remove the artifacts and texts that nothing refers to any more."""
    from mlops_nb.store.collecting import collect
    from mlops_nb.store.settings import whole

    return collect(current(), whole("trash_days") if days is None else days, dry)


def migrate() -> Migrated:
    """Bring the store to this version's format; a backup is made first. Opening it for a write does the same."""
    from mlops_nb.store.maintenance import migrate_store

    return migrate_store(current())


def sql(
    query: Annotated[
        str, Arg("one SELECT over the views runs, metrics, params, tags, datasets, versions", kind="rest")
    ],
) -> Sql:
    """Ask the store in SQL, read-only.

    Raises:
        InvalidInput: The query is not valid, or would write.
    """
    from mlops_nb.store.queries import read_only

    return read_only(current(), query)


def trash(
    *references: Annotated[str, _REFERENCE],
    where: Annotated[str, Arg("all runs that match this filter", kind="where", short="w")] = "",
    kind: Annotated[str, _KIND] = "",
) -> Results[Moved]:
    """Put things in the trash: they disappear from lists and can be restored until `db gc` purges them.

    Raises:
        NotFound: There is no such thing.
        Refused: Something else needs it: a registered version, a deployment.
    """
    from mlops_nb.store.trash import put_in_trash

    return put_in_trash(current(), references, where, kind)


def restore(
    *references: Annotated[str, _REFERENCE],
    where: Annotated[str, Arg("all trashed runs that match this filter", kind="where", short="w")] = "",
    kind: Annotated[str, _KIND] = "",
) -> Results[Moved]:
    """Take things out of the trash again.

    Raises:
        NotFound: There is no such thing.
    """
    from mlops_nb.store.trash import take_from_trash

    return take_from_trash(current(), references, where, kind)


def rename(
    reference: Annotated[str, _REFERENCE],
    name: Annotated[str, Arg("the new name")],
    *,
    kind: Annotated[str, _KIND] = "",
) -> Moved:
    """Give an experiment, dataset, model, deployment or view another name; everything that refers to it follows.

    Raises:
        InvalidInput: The name is taken or not allowed, or this kind of thing has no name of its own.
        NotFound: There is no such thing.
    """
    from mlops_nb.store.trash import give_name

    return give_name(current(), reference, name, kind)

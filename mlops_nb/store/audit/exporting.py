"""The audit log as a file that a script of fifteen lines can verify: README.md has the formula."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mlops_nb.errors import InvalidInput
from mlops_nb.store import sickness
from mlops_nb.store.audit import anchor
from mlops_nb.store.audit.chain import COLUMNS, FORMAT, ROWS, Head
from mlops_nb.store.audit.model import Exported

if TYPE_CHECKING:
    from mlops_nb.store.store import Store

_NAMES = COLUMNS.split(", ")


def export(store: Store, target: str) -> Exported:
    """Write the log as JSON lines: a head, then one row a line, each field as it is chained.

    Args:
        store: Whose log.
        target: The file; empty: one in the current folder that says which store and how many rows.

    Raises:
        InvalidInput: The file exists, or there is nothing to write.
        StoreError: It can't be written; nothing is left of it.
    """
    if not store.exists:
        raise InvalidInput(f"there is no store at {store.folder} yet", expected="a store with something in it")
    identity = store.query("SELECT id FROM project")[0][0]
    rows = store.query("SELECT count(*) FROM audit")[0][0]
    path = Path(target or f"audit-{identity[:10]}-{rows}.jsonl").expanduser().absolute()
    if path.exists():
        raise InvalidInput(f"{path} exists", expected="a new file name")
    try:
        anchored = anchor.read(store.anchor)
    except anchor.Garbled:
        anchored = Head(0, "")
    head = {"kind": "mlops_nb audit", "format": FORMAT, "store": identity, "rows": rows}
    head["anchor"] = {"rows": anchored.rows, "digest": anchored.digest} if anchored.rows else None
    part = path.with_name(path.name + ".part")
    with sickness.in_plain_words(path):
        try:
            with part.open("w", encoding="utf-8", newline="\n") as file:
                _line(file, head)
                _write(store, file, rows)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return Exported(str(path), identity, rows, anchored.rows, path.stat().st_size)


def _write(store: Store, file: IO[str], count: int) -> None:
    """The first `count` rows: those that are added meanwhile are the next export's."""
    with store.reading() as connection, closing(connection.execute(ROWS)) as rows:
        for _, row in zip(range(count), rows, strict=False):
            _line(file, dict(zip(_NAMES, row, strict=True)))


def _line(file: IO[str], value: object) -> None:
    file.write(json.dumps(value, ensure_ascii=False, default=repr) + "\n")

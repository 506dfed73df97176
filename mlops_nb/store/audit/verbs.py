"""The verbs of the audit log: read it, verify it, take it elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mlops_nb.arguments import Arg
from mlops_nb.store.store import current

if TYPE_CHECKING:
    from mlops_nb.results import Results
    from mlops_nb.store.audit.model import AuditRow, Exported, Verdict

_KINDS = ("run", "experiment", "dataset", "model", "version", "deployment", "view", "person")


def audit(
    name: Annotated[
        str,
        Arg("what it concerns: a model, `flights/3`, a run, a deployment, a person", kind="anything", positional=True),
    ] = "",
    *,
    kind: Annotated[str, Arg("what kind of thing that is, when several have the name", kind=_KINDS)] = "",
    by: Annotated[str, Arg("who did it: `ada`, `job:nightly`", kind="actor")] = "",
    did: Annotated[str, Arg("what was done: `stage`, `approve` …", kind="action")] = "",
    since: Annotated[str, Arg("not before: a date, a moment (in this machine's zone unless it names one), `-7d`")] = "",
    until: Annotated[str, Arg("not after; a date is the whole day")] = "",
    limit: Annotated[int, Arg("how many rows", short="n")] = 50,
    after: Annotated[str, Arg("where the page before ended (.next_page)")] = "",
) -> Results[AuditRow]:
    """Say who did what, when, why and on what evidence, newest first; a name that was checked has a ✓.

    Raises:
        NotFound: Nothing is known by that name, here or in the log; nobody of that name did anything, or nobody that.
        InvalidInput: The limit, the cursor, the kind or a moment is none.
    """
    from mlops_nb.store.audit.asking import question
    from mlops_nb.store.audit.reading import read

    store = current()
    return read(store, question(store, name, kind, by, did, since, until), limit, after)


def audit_verify() -> Verdict:
    """Walk the audit log from its first row and say what that proves, what it can't prove, and the first bad row."""
    from mlops_nb.store.audit.verifying import prove

    return prove(current())


def audit_export(
    target: Annotated[str, Arg("the file; by default one in this folder", kind="file", positional=True)] = "",
) -> Exported:
    """Write the audit log as JSON lines, one row a line as it is chained, to be kept and verified elsewhere.

    Raises:
        InvalidInput: The file exists, or there is nothing to write.
        StoreError: It can't be written; nothing is left of it.
    """
    from mlops_nb.store.audit.exporting import export

    return export(current(), target)

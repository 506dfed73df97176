"""Putting a version up under a name, replacing what stands there, and taking it down.

The row says what is wanted and is written first, so that nothing ever runs that no row knows of; when the start
fails, the row is put back as it was, and the audit log has both.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_nb.adapters import model_files
from mlops_nb.errors import Corrupt, InvalidInput, MissingExtra, MlopsError, Refused, quoted
from mlops_nb.registry.opening import read_version, refuse_pickle, vouched
from mlops_nb.registry.resolving import champion_of, resolve_version
from mlops_nb.services import facts as facts_file
from mlops_nb.services import spare, starting
from mlops_nb.services.facts import FAILED, Facts
from mlops_nb.serving import queries
from mlops_nb.serving.finding import find, resolve_deployment
from mlops_nb.serving.judging import keeper
from mlops_nb.serving.places import facts_path, log_path
from mlops_nb.store import names, reasons
from mlops_nb.store.ids import now_us
from mlops_nb.store.locking import only_one

if TYPE_CHECKING:
    import sqlite3

    from mlops_nb.registry.model import Version
    from mlops_nb.services.process import Process
    from mlops_nb.serving.model import Deployment
    from mlops_nb.store.store import Store

_KEEP = "mlops_nb.serving.worker:keep"
_TAKEN = "can't be had"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: a version under a name at an address."""

    store: Store
    version: Version
    name: str
    host: str
    port: int
    wait: float
    trust: tuple[str, ...]


def put_up(plan: Plan) -> Deployment:
    """Serve a version under a name; what served there goes on until the new one is ready.

    Raises:
        MlopsError: It can't be loaded, the port is taken, or it was not ready in time. What stood there still stands.
    """
    _refuse_missing_server()
    _refuse_unloadable(plan)
    if not 0 <= plan.port <= 65535:
        raise InvalidInput(f"{plan.port} is no port", expected="0 (any free one) to 65535")
    with only_one(facts_path(plan.store.folder, plan.name)):
        old = find(plan.store, plan.name)
        live = old if old is not None and old.wanted and _alive(old) else None
        if live is not None and _same(live, plan):
            return live
        before = plan.store.query(queries.ROW, (plan.name,))
        said = {"version": plan.version.ref, "of": plan.version.node, "host": plan.host}
        plan.store.change(_wanting(plan), "deploy", f"deployment:{plan.name}", **said)
        try:
            facts = _begin(plan, old, live)
        except BaseException as error:
            why = reasons.of_error(error)
            plan.store.change(_put_back(plan.name, before), "deploy failed", f"deployment:{plan.name}", why=why)
            raise
        row = (plan.host, facts.port, facts.pid, facts.started_us, plan.name)
        plan.store.write(lambda connection: connection.execute(queries.RUNS, row))
        if live is not None and live.pid != facts.pid:
            starting.stop(_keeper(live))
    return resolve_deployment(plan.store, plan.name)


def _same(live: Deployment, plan: Plan) -> bool:
    return live.version == plan.version.ref and _same_address(live, plan)


def _same_address(live: Deployment, plan: Plan) -> bool:
    return live.host == plan.host and plan.port in (0, live.port)


def _refuse_missing_server() -> None:
    for package in ("uvicorn", "starlette"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, "serve")


def _refuse_unloadable(plan: Plan) -> None:
    """What can be known before anything is written: the file is whole, and its types are vouched for."""
    data = read_version(plan.store, plan.version)
    refuse_pickle(plan.store, plan.version)
    try:
        trusted = vouched(plan.store, plan.version, plan.trust)
        model_files.refuse_untrusted(model_files.untrusted(data, plan.version.format), trusted)
    except (Refused, Corrupt) as error:
        raise type(error)(f"{plan.version.ref}: {error.what}", expected=error.expected, fix=error.fix) from error


def _wanting(plan: Plan) -> Any:
    holder = f"deployment:{plan.name}"

    def write(connection: sqlite3.Connection) -> None:
        row = (plan.name, plan.version.model_id, plan.version.version, plan.host, plan.port, now_us())
        connection.execute(queries.WANT, row)
        connection.execute(queries.RELEASE, (holder,))
        connection.execute(queries.HOLD, (holder, plan.version.node))

    return write


def _put_back(name: str, before: Sequence[tuple[Any, ...]]) -> Any:
    holder = f"deployment:{name}"

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(queries.RELEASE, (holder,))
        if not before:
            connection.execute(queries.FORGET, (name,))
            return
        connection.execute(queries.PUT_BACK, (*before[0], name))
        if before[0][6]:
            connection.execute(queries.HOLD, (holder, f"version:{before[0][0]}/{before[0][1]}"))

    return write


def _begin(plan: Plan, old: Deployment | None, live: Deployment | None) -> Facts:
    if live is not None and _same_address(live, plan):
        return _renewed(plan, _keeper(live))
    # A name keeps its port from one start to the next where it can: who calls it need not be told.
    before = old.port if old is not None and live is None and not plan.port else 0
    try:
        return _started(plan, plan.port or before)
    except InvalidInput:
        if not before:
            raise
        return _started(plan, 0)


def _renewed(plan: Plan, process: Process) -> Facts:
    path = facts_path(plan.store.folder, plan.name)
    last = facts_file.read(path)
    starting.renew(process)
    generation = last.generation + 1 if last is not None else 1
    return _judged(plan, starting.wait(path, process.pid, generation, plan.wait))


def _started(plan: Plan, port: int) -> Facts:
    folder = plan.store.folder
    arguments = {
        "store": str(folder),
        "name": plan.name,
        "host": plan.host,
        "port": port,
        "trust": plan.trust,
    }
    pid = spare.order(folder, _KEEP, {**arguments, "log": str(log_path(folder, plan.name))})
    facts = None
    try:
        facts = starting.wait(facts_path(folder, plan.name), pid, 0, plan.wait)
        return _judged(plan, facts)
    except BaseException:
        starting.stop(starting.process_of(pid))
        raise


def _judged(plan: Plan, facts: Facts | None) -> Facts:
    if facts is None:
        what = f"{plan.version.ref} did not come up within {plan.wait:g} s{_last_words(plan)}"
        raise MlopsError(what, fix=f"%logs {quoted(plan.name)}, or a longer --wait")
    if facts.state == FAILED and _TAKEN in facts.error:
        raise InvalidInput(facts.error, expected="a free port of this machine", fix="--port 0 takes any free one")
    if facts.state == FAILED:
        raise MlopsError(f"{plan.version.ref} could not be started: {facts.error}")
    return facts


def _last_words(plan: Plan) -> str:
    found = last_lines(plan.store, plan.name, 1)
    return f"; its log ends: {found[0][:200]}" if found else ""


def last_lines(store: Store, name: str, count: int) -> list[str]:
    """The last lines of a deployment's log, oldest first."""
    path = log_path(store.folder, name)
    if not path.exists() or count < 1:
        return []
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 400 * count - 4096))
        return file.read().decode("utf-8", "replace").splitlines()[-count:]


def take_down(store: Store, ref: str) -> Deployment:
    """Stop serving; the name, its port and its history stay.

    Raises:
        NotFound: No such deployment; names the nearest.
    """
    name = resolve_deployment(store, ref).name
    path = facts_path(store.folder, name)
    with only_one(path):
        found = resolve_deployment(store, name)
        if not found.wanted:
            return found
        # The process first: a row that says stopped while something still answers would be a lie.
        starting.stop(_keeper(found))
        path.unlink(missing_ok=True)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(queries.UNWANT, (name,))
            connection.execute(queries.RELEASE, (f"deployment:{name}",))

        ((model, number),) = store.query(queries.SERVES, (name,))
        said = {"version": found.version, "of": f"version:{model}/{number}"}
        store.change(write, "undeploy", f"deployment:{name}", **said)
    return resolve_deployment(store, name)


def _alive(deployment: Deployment) -> bool:
    process = keeper(deployment)
    return process is not None and starting.is_alive(process)


def _keeper(deployment: Deployment) -> Process:
    process = keeper(deployment)
    return process if process is not None else starting.process_of(0)


def planned(
    store: Store, ref: str, name: str | None, address: tuple[str, int], wait: float, trust: Sequence[str]
) -> Plan:
    """A plan from what a person typed.

    Raises:
        NotFound: No such version.
        Refused: Only a model was named, and no version of it is in production.
        InvalidInput: Not a valid name.
    """
    version = _deployable(store, ref)
    checked = names.name(version.model if name is None else name, "deployment")
    return Plan(store, version, checked, *address, wait, tuple(trust))


def _deployable(store: Store, ref: str) -> Version:
    """A model's name alone is its champion here: what was registered last was let in by nobody."""
    text = str(ref).strip()
    champion = champion_of(store, text)
    if champion is not None:
        return champion
    version = resolve_version(store, text)
    if "/" in text or "@" in text:
        return version
    raise Refused(
        f"no version of {text!r} is in production, and the newest is not served because it is the newest",
        fix=f"%stage {quoted(version.ref)} production --reason …, or %deploy {quoted(version.ref)}",
    )

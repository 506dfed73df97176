"""The process behind a deployment: a keeper with the listening socket, and a forked worker that loads and answers."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_nb.errors import MlopsError, NotFound
from mlops_nb.services import facts as facts_file
from mlops_nb.services.supervise import REFUSED, Keeper, Report
from mlops_nb.serving import queries
from mlops_nb.serving.places import facts_path
from mlops_nb.store.settings import whole
from mlops_nb.store.store import Store, choose

if TYPE_CHECKING:
    from mlops_nb.registry.model import Version
    from mlops_nb.registry.predictor import Predictor
    from mlops_nb.serving.batching import Batcher

_BACKLOG = 2048
HUNG = 75


def keep(store: str, name: str, host: str, port: int, trust: Sequence[str]) -> int:
    """Serve the version that the store wants under `name`, until told to stop.

    Args:
        store: The `.mlops` folder.
        name: The deployment.
        host: The address to listen on.
        port: The port; 0 for any free one.
        trust: Types that the deployer vouches for.

    Returns:
        The exit code of the process.
    """
    os.environ["MLOPS_NB_ACTOR"] = f"service:{name}"
    path = facts_path(Path(store), name)
    facts = facts_file.begin()
    facts_file.write(path, facts)
    try:
        listener = listen(host, port)
    except OSError as error:
        why = f"port {port} of {host} can't be had: {error.strerror or error}"
        facts_file.write(path, replace(facts, state=facts_file.FAILED, error=why))
        return REFUSED
    _import_once()
    return Keeper(path, listener.getsockname()[1], partial(work, Path(store), name, listener, tuple(trust))).run()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: The port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _import_once() -> None:
    # In the keeper, so that a worker that is started again after a crash has it all.
    for module in (
        "skops.io",
        "starlette.applications",
        "uvicorn",
        "mlops_nb.registry.predictor",
        "mlops_nb.serving.rest",
        "mlops_nb.serving.service",
    ):
        importlib.import_module(module)


def work(folder: Path, name: str, listener: socket.socket, trust: Sequence[str], report: Report) -> int:
    """Load the version that is wanted and answer until SIGTERM; runs in the forked child."""
    store = choose(folder)
    try:
        version = wanted_version(store, name)
        predictor = prepared(store, version, trust)
    except MlopsError as error:
        print(f"mlops_nb: {error}", file=sys.stderr)  # noqa: T201 (this is the deployment's log)
        report.failed(str(error))
        return REFUSED
    print(f"mlops_nb: {name} serves {version.ref}", file=sys.stderr, flush=True)  # noqa: T201
    if report.facts.restarts:
        _record_restarts(store, name, report.facts.restarts)
    _serve(predictor, name, version, listener, report)
    return 0


def wanted_version(store: Store, name: str) -> Version:
    """The version that the store says is to be served under `name`.

    Raises:
        NotFound: No such deployment, or its version is gone.
    """
    from mlops_nb.registry.resolving import resolve_version

    rows = store.query(queries.DEPLOYMENT, (name,))
    if not rows:
        raise NotFound(f"no deployment {name!r}")
    return resolve_version(store, f"{rows[0][1]}/{rows[0][2]}")


def prepared(store: Store, version: Version, trust: Sequence[str]) -> Predictor:
    """The predictor of a version, having answered its own example once: what is lazy is loaded now.

    Raises:
        MlopsError: It can't be loaded.
    """
    import json

    from mlops_nb.registry.predictor import open_predictor

    predictor = open_predictor(store, version, trust)
    if version.example is None:
        return predictor
    try:
        example = json.loads(store.artifacts.get(version.example))
        predictor.predict(predictor.cast(_example_inputs(example)))
    except MlopsError as error:
        # An example with cut texts or left out columns may not fit; the model itself is sound.
        print(f"mlops_nb: the example of {version.ref} was not answered: {error}", file=sys.stderr)  # noqa: T201
    return predictor


def _example_inputs(example: dict[str, Any]) -> Any:
    names, rows = example["columns"], example["rows"]
    return rows if names is None else {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _record_restarts(store: Store, name: str, count: int) -> None:
    try:
        store.write(lambda connection: connection.execute(queries.RESTARTED, (count, name)))
    except MlopsError as error:
        # A store that can't be written must not stop what serves.
        print(f"mlops_nb: the restart was not recorded: {error}", file=sys.stderr)  # noqa: T201


def _batches(predictor: Predictor) -> Callable[[], Batcher]:
    """Makes the queue before the model, once the loop runs.

    Raises:
        InvalidInput: A setting is no number.
    """
    from mlops_nb.serving.batching import Batcher

    queue, deadline_s = whole("queue"), whole("deadline_s")

    def hung() -> None:
        print(f"mlops_nb: the model did not come back within {3 * deadline_s} s", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(HUNG)  # its thread can't be ended; the keeper starts another worker

    return lambda: Batcher(predictor.predict, most_waiting=queue, deadline_s=deadline_s, hung=hung)


def _serve(predictor: Predictor, name: str, version: Version, listener: socket.socket, report: Report) -> None:
    import uvicorn

    from mlops_nb.adapters.model_files import PLATFORMS
    from mlops_nb.serving.rest import App
    from mlops_nb.serving.service import Service

    # Anything a model warns of, it warns of once: a log is no place for one line a request.
    warnings.simplefilter("once")
    batcher = _batches(predictor)
    config = uvicorn.Config(
        App(Service(name, version.version, predictor, platform=PLATFORMS[version.format]), batcher),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
        server_header=False,
    )

    class Server(uvicorn.Server):  # type: ignore[misc]
        def handle_exit(self, sig: int, frame: Any) -> None:
            # uvicorn looks for this every 0.1 s; who stops for a successor must stop taking connections at once.
            super().handle_exit(sig, frame)
            for server in self.servers:
                server.close()
            report.closed()

    report.ready()
    Server(config).run(sockets=[listener])

"""What a deployment is doing, judged from facts: its process, its port, its answer. Nothing is believed from a row."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from mlops_nb.services import facts as facts_file
from mlops_nb.services.process import Process, host
from mlops_nb.services.starting import is_alive
from mlops_nb.serving import queries
from mlops_nb.serving.places import facts_path

if TYPE_CHECKING:
    from mlops_nb.serving.model import Deployment

_ANSWER_S = 1.0


def status(deployment: Deployment) -> str:
    """`ready` when it answers so, `starting` while it loads, `down` when it should serve and does not, `stopped`."""
    now = current(deployment)
    if now is None or not now.wanted:
        return "stopped"
    process = keeper(now)
    if process is None or not is_alive(process):
        return "down"
    if answers(now):
        return "ready"
    facts = facts_file.read(facts_path(now.folder, now.name))
    return "starting" if facts is not None and facts.state == facts_file.STARTING else "down"


def restarts(deployment: Deployment) -> int:
    """How often the worker was started again after a crash."""
    from mlops_nb.store.store import open_store

    rows = open_store(deployment.folder).query(queries.ROW, (deployment.name,))
    return int(rows[0][7]) if rows else 0


def keeper(deployment: Deployment) -> Process | None:
    """The process that keeps the deployment, as the row names it."""
    if deployment.pid is None:
        return None
    return Process(host(), deployment.pid, deployment.started_us or 0)


def answers(deployment: Deployment) -> bool:
    """Whether it says that it is ready."""
    connection = http.client.HTTPConnection(connectable(deployment.host), deployment.port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def connectable(host_name: str) -> str:
    """An address to reach a server on this machine that listens on `host_name`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host_name, host_name)  # noqa: S104 (compared, not bound)


def current(deployment: Deployment) -> Deployment | None:
    """The row as it is now; None when it is gone."""
    from mlops_nb.serving.finding import find
    from mlops_nb.store.store import open_store

    return find(open_store(deployment.folder), deployment.name)
